"""A second reading of RFC 8613 (with RFC 9175 and Appendix B), written apart from src/coap/oscore: a client and a server.

    oscore.py client PORT CASE SECRET    speaks to a gateway at 127.168.1.1 as 192.168.1.2, and says what it heard
    oscore.py server CASE SECRET         is a gateway at 127.168.1.1: says its port, then each survey that came whole
"""

import hashlib
import hmac
import json
import os
import socket
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

DEVICE = bytes([192, 168, 1, 2])
GATEWAY = b"g"
PATH = [b"surveys", b"192.168.1.2", b"2026-11-21"]

URI_PATH, OSCORE, CONTENT_FORMAT, BLOCK1, SIZE1, ECHO = 11, 9, 12, 27, 60, 252
CLASS_U = {3, 7, 9, 35, 39}
POST, PUT, CREATED, CHANGED, CONTINUE, UNAUTHORIZED = 0x02, 0x03, 0x41, 0x44, 0x5F, 0x81


# CBOR, RFC 8949


def cbor(item):
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 256:
            return bytes([major << 5 | 24, n])
        return bytes([major << 5 | 25]) + struct.pack("!H", n)

    if item is None:
        return b"\xf6"
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item)) + item.encode()
    return head(4, len(item)) + b"".join(cbor(each) for each in item)


def unwrap(encoded):
    assert encoded[0] >> 5 == 2, encoded.hex()
    value = encoded[2:] if encoded[0] == 0x58 else encoded[1:]
    assert cbor(value) == encoded, encoded.hex()
    return value


# A security context, section 3


def hkdf(salt, secret, info, length):
    prk = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


class Context:
    def __init__(self, secret, mine, theirs, id_context=None):
        def derive(who, what, length):
            return hkdf(b"", secret, cbor([who, id_context, 10, what, length]), length)

        self.mine, self.theirs, self.id_context = mine, theirs, id_context
        self.mine_key, self.theirs_key = derive(mine, "Key", 16), derive(theirs, "Key", 16)
        self.iv = derive(b"", "IV", 13)
        self.sequence = 0
        self.seen = set()

    def next_piv(self):
        piv = self.sequence.to_bytes(5, "big").lstrip(b"\0") or b"\0"
        self.sequence += 1
        return piv

    def nonce(self, who, piv):
        plain = bytes([len(who)]) + who.rjust(7, b"\0") + piv.rjust(5, b"\0")
        return bytes(a ^ b for a, b in zip(plain, self.iv))


def aad(kid, piv):
    return cbor(["Encrypt0", b"", cbor([1, [10], kid, piv, b""])])


# Messages, RFC 7252


def encode_body(options, payload):
    out, last = b"", 0
    for number, value in sorted(options, key=lambda option: option[0]):
        fields, extra = [], b""
        for n in (number - last, len(value)):
            if n < 13:
                fields.append(n)
            elif n < 269:
                fields.append(13)
                extra += bytes([n - 13])
            else:
                fields.append(14)
                extra += struct.pack("!H", n - 269)
        out += bytes([fields[0] << 4 | fields[1]]) + extra + value
        last = number
    return out + (b"\xff" + payload if payload else b"")


def decode_body(body):
    options, number, at = [], 0, 0
    while at < len(body) and body[at] != 0xFF:
        fields = [body[at] >> 4, body[at] & 15]
        at += 1
        for i, field in enumerate(fields):
            if field == 13:
                fields[i] = 13 + body[at]
                at += 1
            elif field == 14:
                fields[i] = 269 + struct.unpack("!H", body[at : at + 2])[0]
                at += 2
        number += fields[0]
        options.append((number, body[at : at + fields[1]]))
        at += fields[1]
    return options, body[at + 1 :]


def encode(kind, code, mid, token, options, payload):
    return bytes([0x40 | kind << 4 | len(token), code]) + struct.pack("!H", mid) + token + encode_body(options, payload)


def decode(message):
    tkl = message[0] & 15
    options, payload = decode_body(message[4 + tkl :])
    return message[0] >> 4 & 3, message[1], struct.unpack("!H", message[2:4])[0], message[4 : 4 + tkl], options, payload


def option(options, number):
    return next((value for each, value in options if each == number), None)


def block(number, more, exponent):
    value = number << 4 | more << 3 | exponent
    return value.to_bytes(3, "big").lstrip(b"\0")


def unblock(value):
    n = int.from_bytes(value, "big")
    return n >> 4, n >> 3 & 1, n & 7


# The option's value, section 6.1


def compress(piv=b"", kid=None, kid_context=None):
    flags = len(piv) | (0 if kid is None else 8) | (0 if kid_context is None else 16)
    if flags == 0:
        return b""
    context = b"" if kid_context is None else bytes([len(kid_context)]) + kid_context
    return bytes([flags]) + piv + context + (kid or b"")


def decompress(value):
    if not value:
        return None, None, None
    flags, rest = value[0], value[1:]
    piv, rest = rest[: flags & 7], rest[flags & 7 :]
    kid_context = None
    if flags & 16:
        kid_context, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    return piv or None, rest if flags & 8 else None, kid_context


# Sections 8.1 to 8.4


def protect_request(context, code, options, payload, kid_context=None):
    piv = context.next_piv()
    plain = bytes([code]) + encode_body([each for each in options if each[0] not in CLASS_U], payload)
    sealed = AESCCM(context.mine_key, 8).encrypt(context.nonce(context.mine, piv), plain, aad(context.mine, piv))
    return piv, [(OSCORE, compress(piv, context.mine, kid_context))], sealed


def open_response(context, piv, options, payload):
    own, _, kid_context = decompress(option(options, OSCORE))
    nonce = context.nonce(context.theirs, own) if own else context.nonce(context.mine, piv)
    plain = AESCCM(context.theirs_key, 8).decrypt(nonce, payload, aad(context.mine, piv))
    return (plain[0], *decode_body(plain[1:]))


def open_request(context, piv, payload):
    nonce = context.nonce(context.theirs, piv)
    plain = AESCCM(context.theirs_key, 8).decrypt(nonce, payload, aad(context.theirs, piv))
    return (plain[0], *decode_body(plain[1:]))


def protect_response(context, piv, code, options, payload, own=False, kid_context=None):
    mine = context.next_piv() if own else b""
    nonce = context.nonce(context.mine, mine) if own else context.nonce(context.theirs, piv)
    plain = bytes([code]) + encode_body(options, payload)
    sealed = AESCCM(context.mine_key, 8).encrypt(nonce, plain, aad(context.theirs, piv))
    return [(OSCORE, compress(mine, None, kid_context))], sealed


# The client


class Client:
    def __init__(self, port, secret):
        self.secret = secret
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.168.1.2", 0))
        self.socket.connect(("127.168.1.1", port))
        self.socket.settimeout(5)
        self.mid = int.from_bytes(os.urandom(2), "big")
        self.context = None
        self.names_context = True
        self.last = None

    def exchange(self, code, options, payload):
        self.mid = (self.mid + 1) % 65536
        token = os.urandom(4)
        self.socket.send(encode(0, code, self.mid, token, options, payload))
        _, answer, mid, echoed, options, payload = decode(self.socket.recv(65536))
        assert (mid, echoed) == (self.mid, token)
        return answer, options, payload

    def begin(self):
        self.context = Context(self.secret, DEVICE, GATEWAY, os.urandom(8))

    def request(self, code, options, payload):
        """One request, with as many exchanges as the gateway wants; what it answered, and in how many."""
        for tries in range(1, 5):
            named = cbor(self.context.id_context) if self.context.id_context and self.names_context else None
            piv, outer, sealed = protect_request(self.context, code, options, payload, named)
            self.last = outer, sealed
            answer, answer_options, answer_payload = self.exchange(POST, outer, sealed)
            if option(answer_options, OSCORE) is None:
                return {"plain": answer, "text": answer_payload.decode(), "exchanges": tries}
            assert answer == CHANGED and len(answer_options) == 1
            _, _, kid_context = decompress(option(answer_options, OSCORE))
            if kid_context:
                r2 = unwrap(kid_context)
                second = Context(self.secret, DEVICE, GATEWAY, r2 + self.context.id_context)
                inner, inner_options, inner_payload = open_response(second, piv, answer_options, answer_payload)
                assert (inner, inner_payload) == (UNAUTHORIZED, b"")
                self.context = Context(self.secret, DEVICE, GATEWAY, r2 + os.urandom(8))
                continue
            inner, inner_options, inner_payload = open_response(self.context, piv, answer_options, answer_payload)
            echo = option(inner_options, ECHO)
            if inner == UNAUTHORIZED and echo:
                assert inner_payload == b"" and len(inner_options) == 1
                assert decompress(option(answer_options, OSCORE))[0], "it is without a Partial IV of its own"
                options = [each for each in options if each[0] != ECHO] + [(ECHO, echo)]
                continue
            return {"code": inner, "text": inner_payload.decode(), "exchanges": tries}
        return {"exchanges": "too many"}

    def put(self, body):
        return self.request(PUT, [(URI_PATH, each) for each in PATH] + [(CONTENT_FORMAT, b"")], body)


def lines(count):
    return "".join(f"{n // 60:02}:{n % 60:02} - 20 - 30%\n" for n in range(count)).encode()


def run_client(port, case, secret):
    client = Client(port, secret)
    client.begin()
    heard = []
    if case == "fixed":
        client.context = Context(secret, DEVICE, GATEWAY)
        client.context.sequence = 300
    if case in ("derived", "fixed", "wrong"):
        heard = [client.put(lines(1)), client.put(lines(2))]
    elif case == "unnamed":
        heard = [client.put(lines(1))]
        client.names_context = False
        heard.append(client.put(lines(2)))
    elif case == "replay":
        heard = [client.put(lines(1))]
        answer, options, payload = client.exchange(POST, *client.last)
        heard.append({"plain": answer, "text": payload.decode(), "maxAge": option(options, 14).hex()})
    elif case == "inner":
        body, size = lines(400), 256
        base = [(URI_PATH, each) for each in PATH] + [(CONTENT_FORMAT, b""), (SIZE1, struct.pack("!H", len(body)))]
        for at in range(0, len(body), size):
            more = at + size < len(body)
            heard.append(client.request(PUT, base + [(BLOCK1, block(at // size, more, 4))], body[at : at + size]))
    elif case == "outer":
        heard = [client.put(lines(1))]
        options = [(URI_PATH, each) for each in PATH] + [(CONTENT_FORMAT, b"")]
        piv, outer, sealed = protect_request(client.context, PUT, options, lines(300), cbor(client.context.id_context))
        for at in range(0, len(sealed), 512):
            more = at + 512 < len(sealed)
            cut = outer + [(BLOCK1, block(at // 512, more, 5))]
            answer, options, payload = client.exchange(POST, cut, sealed[at : at + 512])
            assert unblock(option(options, BLOCK1))[0] == at // 512
            if more:
                assert (answer, option(options, OSCORE)) == (CONTINUE, None)
        rest = [each for each in options if each[0] != BLOCK1]
        inner, _, text = open_response(client.context, piv, rest, payload)
        heard.append({"code": inner, "text": text.decode()})
    print(json.dumps(heard))


# The server


def run_server(case, secret):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.168.1.1", 0))
    print(server.getsockname()[1], flush=True)
    contexts, challenges, body, answers = {}, set(), b"", {}
    echo = os.urandom(8)
    is_fresh = case != "echo"
    while True:
        message, peer = server.recvfrom(65536)
        _, code, mid, token, options, payload = decode(message)
        if (peer, mid) in answers:
            server.sendto(answers[peer, mid], peer)
            continue
        assert code == POST and [number for number, _ in options] == [OSCORE], options
        piv, kid, kid_context = decompress(option(options, OSCORE))
        assert kid == DEVICE
        named = unwrap(kid_context)

        def answer(outer, sealed):
            answers[peer, mid] = encode(2, CHANGED, mid, token, outer, sealed)
            server.sendto(answers[peer, mid], peer)

        context = contexts.get(named) or Context(secret, GATEWAY, DEVICE, named)
        inner, inner_options, inner_payload = open_request(context, piv, payload)
        if case in ("renew", "renew-own") and named[:8] not in challenges:
            r2 = os.urandom(8)
            challenges.add(r2)
            second = Context(secret, GATEWAY, DEVICE, r2 + named)
            own = case == "renew-own"
            answer(*protect_response(second, piv, UNAUTHORIZED, [], b"", own=own, kid_context=cbor(r2)))
            continue
        assert piv not in context.seen, "a sequence number comes twice"
        context.seen.add(piv)
        contexts[named] = context
        if not is_fresh:
            is_fresh = option(inner_options, ECHO) == echo
        if not is_fresh:
            answer(*protect_response(context, piv, UNAUTHORIZED, [(ECHO, echo)], b"", own=True))
            continue
        path = "/".join(value.decode() for number, value in inner_options if number == URI_PATH)
        cut = option(inner_options, BLOCK1)
        own = case == "own"
        if cut is not None:
            number, more, exponent = unblock(cut)
            body = (b"" if number == 0 else body) + inner_payload
            if more:
                answer(*protect_response(context, piv, CONTINUE, [(BLOCK1, cut)], b"", own=own))
                continue
        else:
            body = inner_payload
        print(json.dumps({"path": path, "code": inner, "body": body.decode()}), flush=True)
        cut = [] if cut is None else [(BLOCK1, cut)]
        answer(*protect_response(context, piv, CREATED, cut, b"Survey arrived", own=own))


if __name__ == "__main__":
    try:
        if sys.argv[1] == "client":
            run_client(int(sys.argv[2]), sys.argv[3], bytes.fromhex(sys.argv[4]))
        else:
            run_server(sys.argv[2], bytes.fromhex(sys.argv[3]))
    except InvalidTag:
        sys.exit("what came does not verify")
