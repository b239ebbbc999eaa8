// Surveys of 24 readings, as a gateway delivers them.
import type { Delivery } from "../../../src/cloud/store/contract"
import { toJson } from "../../../src/cloud/store/stored"
import type { Day } from "../../../src/survey/calendar"
import { readCanonical } from "../../../src/survey/canonical"
import { digestNumber, surveyDigest } from "../../../src/survey/digest"
import { formatAddress } from "../../../src/topology/address"
import { A_DAYS_READINGS, surveyOf } from "../load/surveys"

export const SITE = "bench"
export const ZONE = "UTC"

export type Survey = Pick<Delivery, "address" | "digest" | "body">

const decoder = new TextDecoder()

export const bodiesOf = (first: number, count: number, day: Day): Survey[] =>
  Array.from({ length: count }, (_, n) => {
    const address = first + n
    const { body } = readCanonical(decoder.decode(surveyOf(address, A_DAYS_READINGS)), {})
    return { address, digest: surveyDigest(formatAddress(address), day, body), body }
  })

/** A line of COPY's text form: a row of the table `surveys`, whose columns no tab or backslash is in. */
export const copyLine = ({ address, digest, body }: Survey, day: Day): string =>
  `1\t${day}\t${address}\t1\t${digestNumber(digest)}\t1\t${toJson(body)}\n`
