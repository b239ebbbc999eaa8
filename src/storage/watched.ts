// A SQLite connection whose errors are heard, whoever asked: a read that fails must end the process as a write does.
import { constants, Database, type SQLQueryBindings } from "bun:sqlite"
import { statSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { StorageError } from "./errors"

type Bindings = SQLQueryBindings | SQLQueryBindings[]
type Call = (...values: unknown[]) => unknown

const CALLS = ["get", "all", "run", "values"] as const

export class WatchedDatabase extends Database {
  /** Is told of each error and returns what is thrown in its place; the owner of the file replaces it. */
  judge: (error: unknown) => unknown = (error) => error
  readonly #statements = new Map<string, unknown>()

  /** Keeps every statement: a programme has a few dozen texts, and Bun's own cache holds 20. */
  override query<Row, Values extends Bindings>(sql: string) {
    const known = this.#statements.get(sql)
    return known ? (known as ReturnType<typeof this.prepareOnce<Row, Values>>) : this.prepareOnce<Row, Values>(sql)
  }

  private prepareOnce<Row, Values extends Bindings>(sql: string) {
    const statement = this.#prepared<Row, Values>(sql)
    const watch =
      (call: Call) =>
      (...values: unknown[]) => {
        try {
          return call.apply(statement, values)
        } catch (error) {
          throw this.judge(error)
        }
      }
    for (const name of CALLS) Object.assign(statement, { [name]: watch(statement[name] as Call) })
    const iterate = watch(statement.iterate as Call)
    Object.assign(statement, { iterate: (...values: unknown[]) => this.#rows(iterate(...values)) })
    this.#statements.set(sql, statement)
    return statement
  }

  #prepared<Row, Values extends Bindings>(sql: string) {
    try {
      return super.query<Row, Values>(sql)
    } catch (error) {
      throw this.judge(error)
    }
  }

  /** Each row is read when it is asked for. */
  *#rows(rows: unknown): Generator<unknown> {
    try {
      yield* rows as Iterable<unknown>
    } catch (error) {
      throw this.judge(error)
    }
  }
}

/** One that nobody writes, read without locks and without a log. Whether that was so is known when it is closed. */
export class UnwrittenDatabase extends WatchedDatabase {
  readonly #version: string

  constructor(private readonly file: string) {
    const uri = `${pathToFileURL(file)}?immutable=1`
    super(uri, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
    this.#version = versionOf(file)
  }

  /** Throws StorageError where it was written to meanwhile: what was read may be of two moments. */
  override close(): void {
    super.close()
    if (versionOf(this.file) !== this.#version) {
      throw new StorageError(`${this.file} was written to while it was read: ask again`)
    }
  }
}

function versionOf(file: string): string {
  const { ino, size, mtimeMs } = statSync(file)
  return [ino, size, mtimeMs].join(" ")
}
