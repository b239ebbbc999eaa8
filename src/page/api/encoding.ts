// Which encodings of an answer a request accepts.

/** RFC 9110 §12.5.3. */
export function acceptsGzip(request: Request): boolean {
  const asked = request.headers.get("accept-encoding")?.toLowerCase().split(",") ?? []
  return asked.some((each) => /^\s*gzip\s*(?:;|$)/.test(each) && !/;\s*q=0(?:\.0*)?\s*$/.test(each))
}
