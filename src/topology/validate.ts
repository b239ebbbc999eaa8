// A value against the schema: every broken rule, and whatever is sound besides.
import * as v from "valibot"
import { nearest } from "../nearest"
import type { AddressRange, Network } from "./address"
import { isMissingKey, wrongType } from "./fields"
import { type Declared, topologySchema } from "./topology"
import type { Finding, Path } from "./yaml/problem"

/** A part of T: what the schema refused is undefined. */
export type Sound<T> = T extends AddressRange | Network | Temporal.Duration
  ? T
  : T extends object
    ? { [Key in keyof T]?: Sound<T[Key]> }
    : T

export type Draft = Sound<Declared>

/**
 * Checks a freshly read value, from which unknown keys are removed. Further rules can look at `draft`, whatever else is
 * wrong; `declared` is the whole, when there are no findings.
 */
export function validate(value: unknown): { findings: Finding[]; draft: Draft; declared?: Declared } {
  const findings: Finding[] = []
  for (;;) {
    const result = v.safeParse(topologySchema, value, { message: wrongType, abortPipeEarly: true })
    if (result.success)
      return { findings, draft: result.output, ...(findings.length === 0 && { declared: result.output }) }
    // Valibot names one unknown key of a section at a time: take those away and look again.
    const unknown = result.issues.filter(isUnknownKey)
    if (unknown.length === 0) {
      findings.push(...result.issues.flatMap((issue) => findingsOf(issue)))
      return { findings: unique(findings).filter(isNoSlip), draft: without(result.output, result.issues) }
    }
    for (const issue of unknown) {
      findings.push(...findingsOf(issue))
      const last = issue.path?.at(-1)
      Reflect.deleteProperty(Object(last?.input), String(last?.key))
    }
  }
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === "strict_object" && issue.expected === "never" && !Array.isArray(issue.path?.at(-1)?.input)
}

/** @param above the path of the union that the issue is of */
function findingsOf(issue: v.BaseIssue<unknown>, above: Path = []): Finding[] {
  const steps = issue.path ?? []
  const path = [...above, ...steps.map(stepOf)]
  const meant = issue.issues ? meantIn(issue.issues, issue.input) : []
  if (meant.length > 0) return meant.flatMap((each) => findingsOf(each, path))
  // A list where a section belongs has no keys: the list itself is what is wrong.
  if (issue.type === "strict_object" && Array.isArray(steps.at(-1)?.input) && issue.expected !== "Object") {
    return [{ path: path.slice(0, -1), message: "must be a section of `key: value` lines: it is a list" }]
  }
  if (isMissingKey(issue)) return [{ path, message: issue.message, at: "missing" }]
  return [{ path, message: issue.message, ...(issue.expected === "never" && { at: "key" }) }]
}

/** Of several forms the one that was meant tells what is wrong with it: no more than one is a section or a list. */
function meantIn(issues: readonly v.BaseIssue<unknown>[], input: unknown): v.BaseIssue<unknown>[] {
  const isSection = typeof input === "object" && input !== null
  const misspelt = issues.find(({ path, expected }) => path !== undefined && expected === "never")
  if (misspelt) return [misspelt]
  const meant = issues.filter(({ path }) => (path !== undefined) === isSection)
  return isSection ? meant : meant.slice(0, 1)
}

/** A key that is missing because it is misspelt is told once. */
function isNoSlip({ path, at }: Finding, _index: number, findings: readonly Finding[]): boolean {
  const key = String(path.at(-1))
  const isKeyMeant = (other: Finding) => {
    const word = String(other.path.at(-1)).replace(/ *[:=].*/, "")
    return other.at === "key" && isBeside(other.path, path) && nearest(word, [key]) !== undefined
  }
  return at !== "missing" || !findings.some(isKeyMeant)
}

const isBeside = (a: Path, b: Path): boolean => JSON.stringify(a.slice(0, -1)) === JSON.stringify(b.slice(0, -1))

function stepOf(step: { key?: unknown }): string | number {
  return typeof step.key === "number" ? step.key : String(step.key)
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify([finding.path, finding.message]), finding])).values()]
}

/** Takes what was refused out of the half-checked output; the rest then is what the schema says. */
function without(output: unknown, issues: readonly v.BaseIssue<unknown>[]): Draft {
  for (const { path } of issues) {
    const keys = (path ?? []).map(stepOf)
    const parent = keys.slice(0, -1).reduce<unknown>((value, key) => Object(value)[key], output)
    const last = keys.at(-1)
    if (last === undefined) return {}
    if (typeof parent === "object" && parent !== null) Reflect.deleteProperty(parent, last)
  }
  return output as Draft
}
