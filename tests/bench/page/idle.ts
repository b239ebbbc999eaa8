// What the page adds to the memory of a network that waits for its next run: with it beside without.
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Figure, formatNumber } from "../figure"
import { startIdler } from "../process"
import { copySample, ROOT } from "../start/sample"

const SETTLE_MS = 26_000 // Bun's collector is busy with the start for half a minute
const READY = /Next upload/
const MB = 1e6
const AIM_MB = 12

export async function measureIdlePage(): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), "bench-page-idle-"))
  try {
    await using stack = new AsyncDisposableStack()
    const start = async (name: string, page: string) => {
      const own = join(folder, name)
      await mkdir(own)
      await copySample(own)
      const file = join(own, "topology.yaml")
      await Bun.write(file, `${await Bun.file(file).text()}\npage: ${page}\n`)
      return stack.use(await startIdler(["bun", join(ROOT, "src/main.ts"), "start"], own, READY))
    }
    const idlers = [await start("with", "{ port: 0 }"), await start("without", "false")]
    await Bun.sleep(SETTLE_MS)
    const [withPage = 0, without = 0] = (await Promise.all(idlers.map((idler) => idler.memory()))).map(
      ({ privateDirty }) => privateDirty / MB,
    )
    const value = withPage - without
    return {
      figure: "the page: private memory beside that of an idle network",
      value,
      unit: "MB",
      peer: `without: ${formatNumber(without)} MB`,
      ratio: withPage / without,
      aim: `${AIM_MB} MB or less`,
      met: value <= AIM_MB,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
