// libcoap's client on the command line.
import { runPeer } from "./peers"

/** Uploads a file; resolves with what the client prints: the answer's text, behind its code when it is a refusal. */
export async function putFile(url: string, file: string, ...options: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runPeer("coap-client", ["-m", "put", ...options, "-f", file, url])
  return (stdout + stderr).trim()
}

/** The body at a URL. */
export async function getText(url: string, ...options: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runPeer("coap-client", ["-m", "get", ...options, "-o", "-", url])
  if (stderr !== "") throw new Error(`GET ${url}: ${stderr}`)
  return stdout
}
