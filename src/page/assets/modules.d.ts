// Files that are served as they stand: the bundler takes them into the executable as text.

declare module "*.css" {
  const text: string
  export default text
}

declare module "*.svg" {
  const text: string
  export default text
}

declare module "*/client.js" {
  const text: string
  export default text
}

declare module "*/plot.js" {
  const text: string
  export default text
}

declare module "uplot/dist/uPlot.iife.min.js" {
  const text: string
  export default text
}
