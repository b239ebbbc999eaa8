import { expect, test } from "bun:test"
import fc from "fast-check"
import { html } from "../../../src/page/markup/html"

test("html escapes what is put into it, in text and in attributes", () => {
  const hostile = `<script>alert("1" & '2')</script>`
  expect(html`<b title="${hostile}">${hostile}</b>`.text).toBe(
    `<b title="&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;">&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</b>`,
  )
})

test("html takes HTML as it stands, lists one behind the other, and nothing for nothing", () => {
  const items = ["a", "<b>"].map((item) => html`<li>${item}</li>`)
  expect(html`<ul>${items}</ul>${undefined}${null}${false}${0}`.text).toBe("<ul><li>a</li><li>&lt;b&gt;</li></ul>0")
})

test("html lets no text end what it stands in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { text: whole } = html`<a title="${text}">${text}</a>`
      expect(whole.match(/[<>]/g)).toEqual(["<", ">", "<", ">"])
      expect(whole.match(/"/g)).toHaveLength(2)
    }),
  )
})
