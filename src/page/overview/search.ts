// Of what is too much for one page: a part that is looked for, and a page of it at a time.
import { type Html, html } from "../markup/html"

export const A_PAGE = 50

export interface Search {
  /** In a name or an address; all where it is empty. */
  readonly find: string
  /** Counted from 1. */
  readonly page: number
}

/** What stands in the address of the page; where that is nonsense, the first page. */
export function readSearch(parameters: URLSearchParams): Search {
  const page = Math.trunc(Number(parameters.get("page")))
  return { find: (parameters.get("find") ?? "").trim(), page: page >= 1 && page < Number.MAX_SAFE_INTEGER ? page : 1 }
}

/** Where a person says what is looked for. @param id of its field, once a page */
export const searchForm = (
  path: string,
  label: string,
  find: string,
  id: string,
) => html`<form action="${path}" role="search">
<label for="${id}">${label}</label> <input id="${id}" name="find" value="${find}"> <button>Find</button>
</form>`

/** Which page it is, and the way to those beside it. */
export function pagesOf({ find, page }: Search, total: number, pathOf: (find: string, page: number) => string): Html {
  const pages = Math.max(1, Math.ceil(total / A_PAGE))
  return html`<nav aria-label="Pages"><p>${page > 1 && html`<a href="${pathOf(find, page - 1)}" rel="prev">Before</a> `}
Page ${page} of ${pages}
${page < pages && html` <a href="${pathOf(find, page + 1)}" rel="next">Next</a>`}</p></nav>`
}
