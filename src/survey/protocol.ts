// What the ends have to agree on: gateway and cloud before anything is delivered, device and gateway of what does not come.

/** Rises when a delivery, a description or a collection changes its form. */
export const PROTOCOL = 1

/** Which end is to be updated, in a line for people, where the gateway says another number than the cloud's. */
export function protocolProblem(gateway: number | undefined): string {
  const end = (gateway ?? 0) < PROTOCOL ? "gateway" : "cloud"
  return `The gateway speaks protocol ${gateway ?? "none"}, this cloud ${PROTOCOL}: update the ${end}`
}

/** What the gateway says to whoever tells why a survey does not come of which it has one: nothing is missing. */
export const IS_THERE = "It is there"
