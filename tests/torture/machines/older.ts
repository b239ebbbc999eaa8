// What a gateway of an older version has left in its spool: a line that the rules of today refuse.
import { Database } from "bun:sqlite"
import { slotOf } from "../../../src/gateway/spool/slot"
import type { Day } from "../../../src/survey/calendar"
import { digestNumber, surveyDigest } from "../../../src/survey/digest"
import { parseAddress } from "../../../src/topology/address"
import type { Chance } from "../network/chance"
import type { Installation } from "./installation"
import { readSpool } from "./spool"

const REFUSED_TODAY = "23:59 - 20 - 130%\n"

/** One of the surveys of the spool has such a line. */
export function loosenRules(installation: Installation, chance: Chance): void {
  installation.whileOff(installation.gateway, () => {
    const [first, ...others] = readSpool(installation.files.spool).surveys
    if (!first) return
    const { ip, day } = chance.pick(first, ...others)
    addRefusedLine(installation, ip, day)
  })
}

/** The gateway is off. Nothing happens where this survey is not there, or has such a line. */
export function addRefusedLine({ files, oracle }: Installation, ip: string, day: Day): void {
  const slot = slotOf(day, parseAddress(ip) ?? 0)
  using spool = new Database(files.spool)
  const survey = spool
    .query<{ body: string; digest: string }, [number]>(
      "SELECT body, CAST(digest AS TEXT) AS digest FROM surveys WHERE slot = ?1",
    )
    .get(slot)
  if (!survey || survey.body.endsWith(REFUSED_TODAY)) return
  const body = survey.body + REFUSED_TODAY
  const [digest, content] = [digestNumber(surveyDigest(ip, day, body)), Bun.hash.crc32(body)]
  // another content is another row: what the cloud said of the one before does not count for it
  const next = "(SELECT max(coalesce(max(id), 0), (SELECT up_to FROM settled)) + 1 FROM surveys)"
  spool
    .query(
      `UPDATE surveys SET id = ${next}, body = ?2, digest = ?3, content = ?4, revision = revision + 1,
         readings = readings + 1 WHERE slot = ?1`,
    )
    .run(slot, body, digest, content)
  spool
    .query(
      `UPDATE slots SET (id, readings, content) = (SELECT id, readings, content FROM surveys WHERE slot = ?1)
       WHERE slot = ?1`,
    )
    .run(slot)
  spool.query("INSERT OR REPLACE INTO due SELECT slot, id FROM slots WHERE slot = ?1").run(slot)
  const sum = spool
    .query<{ digest: string }, [Day]>("SELECT CAST(digest AS TEXT) AS digest FROM days WHERE day = ?1")
    .get(day)
  const digests = BigInt.asIntN(64, BigInt(sum?.digest ?? 0) - BigInt(survey.digest) + digest)
  spool
    .query("UPDATE days SET readings = readings + 1, bytes = bytes + ?3, digest = ?2 WHERE day = ?1")
    .run(day, digests, REFUSED_TODAY.length)
  oracle.sent(ip, day, body)
  oracle.acknowledged(ip, day, REFUSED_TODAY)
}
