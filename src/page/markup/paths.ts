// Where pages are.

export const devicePath = (ipOrName: string): string => `/devices/${encodeURIComponent(ipOrName)}`

/** @param page counted from 1 */
export const fleetPath = (find: string, page: number): string =>
  `/devices?${new URLSearchParams({ find, page: String(page) })}`
