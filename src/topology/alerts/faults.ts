// Files of secrets that others than their owner may read.
import type { Topology } from "../topology"
import type { Finding } from "../yaml/problem"
import { isExposed, type Secret } from "./secret"

const MESSAGE = "names a file that others may read: give it mode 0600 by chmod 600"

/** What is not there may be on another host: where it is needed that is told. */
export function secretFaults({
  alerts: { heartbeat, to, smtp },
  cloud,
  folder,
}: Pick<Topology, "alerts" | "cloud" | "folder">): Finding[] {
  const kept: { path: Finding["path"]; secret: Secret }[] = []
  if (heartbeat !== undefined && typeof heartbeat !== "string") {
    kept.push({ path: ["alerts", "heartbeat"], secret: heartbeat })
  }
  for (const [index, target] of to.entries()) {
    if (target.kind !== "web" || typeof target.url === "string") continue
    kept.push({ path: ["alerts", "to", index, "url"], secret: target.url })
  }
  if (smtp?.password) kept.push({ path: ["alerts", "smtp", "password"], secret: smtp.password })
  if (cloud.password) kept.push({ path: ["cloud", "password"], secret: cloud.password })
  return kept.filter(({ secret }) => isExposed(secret, folder)).map(({ path }) => ({ path, message: MESSAGE }))
}
