// Where pages are.

export const devicePath = (ipOrName: string): string => `/devices/${encodeURIComponent(ipOrName)}`

/** @param page counted from 1 */
export const fleetPath = (find: string, page: number): string => searchPath("/devices", find, page)

/** @param page counted from 1 */
export const sitesPath = (find: string, page: number): string => searchPath("/sites", find, page)

const searchPath = (path: string, find: string, page: number): string =>
  `${path}?${new URLSearchParams({ find, page: String(page) })}`
