// rsyslog with a synced disk queue: what a person might use instead, as durable as it can be made, unacknowledged.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { surveyOf } from "../load/surveys"
import { FIRST_DEVICE } from "../load/topology"
import { freePort } from "./servers"

const RSYSLOG = "rsyslogd" // Debian: rsyslog
const MESSAGES = 20_000
const OFFERED_PER_SECOND = 20_000 // more than it takes: what it loses shows
const BATCH_MS = 10
const READY_MS = 1000
const QUIET_MS = 1500

/** Surveys a second that reach its output; undefined when it is not installed. */
export async function measureRsyslog(): Promise<number | undefined> {
  if (!Bun.which(RSYSLOG)) return undefined
  const folder = await mkdtemp(join(tmpdir(), "bench-rsyslog-"))
  const port = await freePort()
  const output = Bun.file(join(folder, "surveys"))
  await Bun.write(
    join(folder, "conf"),
    `global(workDirectory="${folder}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="${port}" ruleset="surveys")
template(name="line" type="string" string="%msg%\\n")
ruleset(name="surveys" queue.type="Disk" queue.filename="queue" queue.syncQueueFiles="on"
  queue.size="1000000" queue.saveOnShutdown="on") {
  action(type="omfile" file="${folder}/surveys" template="line")
}
`,
  )
  const child = Bun.spawn([RSYSLOG, "-n", "-f", join(folder, "conf"), "-i", join(folder, "pid")], {
    stdout: "ignore",
    stderr: "ignore",
  })
  try {
    await Bun.sleep(READY_MS)
    const startedAt = performance.now()
    await send(port)
    let [stored, storedAt] = [0, startedAt]
    while (performance.now() - storedAt < QUIET_MS) {
      await Bun.sleep(BATCH_MS * 5)
      const { size } = Bun.file(join(folder, "surveys"))
      if (size > stored) [stored, storedAt] = [size, performance.now()]
    }
    const lines = (await output.exists()) ? (await output.text()).split("\n").length - 1 : 0
    return lines === 0 ? undefined : (lines / (storedAt - startedAt)) * 1000
  } finally {
    child.kill()
    await child.exited
    await rm(folder, { recursive: true })
  }
}

async function send(port: number): Promise<void> {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1" })
  const batch = (OFFERED_PER_SECOND * BATCH_MS) / 1000
  for (let sent = 0; sent < MESSAGES; ) {
    const packets: (Uint8Array | number | string)[] = []
    for (let n = 0; n < batch && sent < MESSAGES; n++, sent++) {
      const body = new TextDecoder().decode(surveyOf(FIRST_DEVICE + sent)).replaceAll("\n", " ")
      packets.push(Buffer.from(`<14>1 - device - - - - ${body}`), port, "127.0.0.1")
    }
    socket.sendMany(packets)
    await Bun.sleep(BATCH_MS)
  }
  socket.close()
}
