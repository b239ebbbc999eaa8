// CoAP codes as the byte on the wire: class in the upper three bits, detail in the lower five (RFC 7252 §3, §12.1).

const code = (klass: number, detail: number) => (klass << 5) | detail

export const Code = {
  Empty: 0,
  // methods, RFC 7252 §12.1.1
  Get: code(0, 1),
  Post: code(0, 2),
  Put: code(0, 3),
  Delete: code(0, 4),
  // responses, RFC 7252 §12.1.2, RFC 7959 §2.9
  Created: code(2, 1),
  Deleted: code(2, 2),
  Changed: code(2, 4),
  Content: code(2, 5),
  Continue: code(2, 31),
  BadRequest: code(4, 0),
  Unauthorized: code(4, 1),
  BadOption: code(4, 2),
  Forbidden: code(4, 3),
  NotFound: code(4, 4),
  MethodNotAllowed: code(4, 5),
  NotAcceptable: code(4, 6),
  RequestEntityIncomplete: code(4, 8),
  Conflict: code(4, 9), // RFC 8132 §5
  RequestEntityTooLarge: code(4, 13),
  UnsupportedContentFormat: code(4, 15),
  TooManyRequests: code(4, 29), // RFC 8516
  InternalServerError: code(5, 0),
  ServiceUnavailable: code(5, 3),
  ProxyingNotSupported: code(5, 5),
  // signalling over TCP, RFC 8323 §5
  Csm: code(7, 1),
  Ping: code(7, 2),
  Pong: code(7, 3),
  Release: code(7, 4),
  Abort: code(7, 5),
} as const

export const codeClass = (value: number): number => value >> 5

export const isRequest = (value: number): boolean => value > 0 && codeClass(value) === 0

export const isResponse = (value: number): boolean =>
  codeClass(value) === 2 || codeClass(value) === 4 || codeClass(value) === 5

/** 2.01 and 2.04: what was put is durable. Nothing else promises anything. */
export const isAcknowledgement = (value: number): boolean => value === Code.Created || value === Code.Changed

/** Another try may do, after a while: 5.xx, and 4.29, whose Max-Age says when (RFC 7252 §5.9.3.4, RFC 8516). */
export const asksForLater = (value: number): boolean => codeClass(value) === 5 || value === Code.TooManyRequests

export const isSuccess = (value: number): boolean => codeClass(value) === 2

/** "4.04" */
export const formatCode = (value: number): string => `${codeClass(value)}.${String(value & 31).padStart(2, "0")}`
