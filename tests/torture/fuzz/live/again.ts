// `bun tests/torture/fuzz/live/again.ts SEED datagrams:FROM:TO streams:FROM:TO`: these cases once more, either or both.
import { runLive } from "./live"
import { shareOf } from "./share"

const [seed = "", ...texts] = process.argv.slice(2)
const say = (line: string) => process.stderr.write(`${line}\n`)
const shares = texts.map(shareOf)
const share = (name: "datagrams" | "streams") => shares.find((each) => each.name === name) ?? shareOf(`${name}:0:0`)

const { failures, uploads } = await runLive({
  seed: Number(seed),
  datagrams: share("datagrams"),
  streams: share("streams"),
  say,
})
for (const failure of failures) say(failure)
say(`${failures.length} failures, ${uploads} honest uploads`)
process.exit(failures.length > 0 ? 1 : 0)
