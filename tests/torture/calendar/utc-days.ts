// A planted fault, to be preloaded: days are computed in UTC, wherever the site is.
import { plugin } from "bun"

const RIGHT = "toZonedDateTimeISO(timeZone)"

plugin({
  name: "days in UTC",
  setup(build) {
    build.onLoad({ filter: /src\/survey\/calendar\.ts$/ }, async ({ path }) => {
      const source = await Bun.file(path).text()
      if (!source.includes(RIGHT)) throw new Error(`${path} has no ${RIGHT} to be replaced`)
      return { contents: source.replaceAll(RIGHT, 'toZonedDateTimeISO("UTC")'), loader: "ts" }
    })
  },
})
