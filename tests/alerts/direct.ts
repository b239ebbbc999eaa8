// Servers on this machine are spoken to directly, whatever proxy the environment names.
import { afterAll, beforeAll } from "bun:test"

export function speakDirectly(): void {
  const noProxy = process.env.NO_PROXY
  beforeAll(() => {
    process.env.NO_PROXY = "127.0.0.1"
  })
  afterAll(() => {
    if (noProxy === undefined) delete process.env.NO_PROXY
    else process.env.NO_PROXY = noProxy
  })
}
