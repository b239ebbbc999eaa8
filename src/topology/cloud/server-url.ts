// `cloud.store` where it is a PostgreSQL server's URL and not a file, in the form that libpq takes (PostgreSQL's
// documentation, §34.1.1.2).

const SCHEME = /^postgres(?:ql)?:\/\//
const WITHOUT_HOST = /^(postgres(?:ql)?:\/\/(?:[^/?@]*@)?)(?=[/?]|$)/ // libpq takes it, URL does not
const ANY_SCHEME = /^[a-z][a-z+.-]*:\/\//i

const NEITHER = "must be a file, or the URL of a server, which begins with postgres:"

export const isServerUrl = (store: string): boolean => SCHEME.test(store)

/** As people are shown it: without the parameters. */
export const shownStore = (store: string): string => (isServerUrl(store) ? store.replace(/\?.*$/, "") : store)

export const isWithoutHost = (store: string): boolean => WITHOUT_HOST.test(store)

export const parseServerUrl = (store: string): URL => new URL(store.replace(WITHOUT_HOST, "$1localhost"))

/** Why it is neither a file nor a server, in words that follow the key; undefined of one that is. */
export function storeFault(store: string): string | undefined {
  if (!isServerUrl(store)) {
    return ANY_SCHEME.test(store) ? NEITHER : undefined
  }
  const url = urlOf(store)
  if (!url) return NEITHER
  if (!url.password && !url.searchParams.has("password")) return undefined
  return "must not hold the password, which belongs into a file of mode 0600 that cloud.password names, as { file: keys/store }"
}

function urlOf(store: string): URL | undefined {
  try {
    return parseServerUrl(store)
  } catch {
    return undefined // TypeError: it is none
  }
}
