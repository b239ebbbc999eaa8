// What is wrong with the files of keys.

/** A file of a key is missing, or cannot be used: a person can mend that, exit 2. It quotes nothing of the file. */
export class KeyError extends Error {
  override name = "KeyError"
}
