// So many readings that a plot can show them all: of more, those that reach furthest in each stretch of time.

/** Of whatever has a temperature and a humidity. */
export interface Measured {
  readonly temperature: number
  readonly humidity: number
}

interface Stretch<Sample> {
  coldest: Sample
  warmest: Sample
  driest: Sample
  wettest: Sample
}

const EXTREMES = 4

/** All that were added as long as they are few; else of each stretch its coldest, warmest, driest and wettest. */
export class Samples<Sample extends Measured> {
  #all: Sample[] | undefined = []
  readonly #stretches: (Stretch<Sample> | undefined)[] = []
  readonly #stretchesMost: number

  constructor(private readonly most: number) {
    this.#stretchesMost = Math.floor(most / EXTREMES)
  }

  /** @param place where it is in the whole span, 0 to 1 */
  add(sample: Sample, place: number): void {
    this.#all?.push(sample)
    if (this.#all && this.#all.length > this.most) this.#all = undefined
    const at = Math.min(this.#stretchesMost - 1, Math.floor(place * this.#stretchesMost))
    const stretch = this.#stretches[at]
    if (!stretch) {
      this.#stretches[at] = { coldest: sample, warmest: sample, driest: sample, wettest: sample }
      return
    }
    if (sample.temperature < stretch.coldest.temperature) stretch.coldest = sample
    if (sample.temperature > stretch.warmest.temperature) stretch.warmest = sample
    if (sample.humidity < stretch.driest.humidity) stretch.driest = sample
    if (sample.humidity > stretch.wettest.humidity) stretch.wettest = sample
  }

  /** Each once, in no order. */
  get kept(): Sample[] {
    if (this.#all) return this.#all
    const furthest = this.#stretches.flatMap((stretch) => (stretch ? Object.values<Sample>({ ...stretch }) : []))
    return [...new Set(furthest)]
  }
}
