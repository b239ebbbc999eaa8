import { type Agreement, addAgreements, NO_SURVEYS } from "../../src/survey/digest"

/** Of surveys with these digests. */
export const agreementOver = (digests: Iterable<string>): Agreement =>
  Iterator.from(digests).reduce((sum, digest) => addAgreements(sum, { surveys: 1, digest }), NO_SURVEYS)
