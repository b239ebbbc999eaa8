// A day in numbers: the least, the mean and the most of what was measured.

export interface Statistics {
  readonly min: number
  /** To two decimal places, as readings have at most. */
  readonly mean: number
  readonly max: number
}

/** °C and %. */
export interface DayStatistics {
  readonly readings: number
  readonly temperature: Statistics
  readonly humidity: Statistics
}

/** @returns undefined of none */
export function statisticsOf(
  readings: readonly (readonly [time: string, temperature: number, humidity: number])[],
): DayStatistics | undefined {
  if (readings.length === 0) return undefined
  const [temperature, humidity] = [new Tally(), new Tally()]
  for (const [, degrees, percent] of readings) {
    temperature.add(degrees)
    humidity.add(percent)
  }
  return { readings: readings.length, temperature: temperature.result, humidity: humidity.result }
}

export class Tally {
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  add(value: number): void {
    this.#count++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  get result(): Statistics {
    return { min: this.#min, mean: Math.round((this.#sum / this.#count) * 100) / 100, max: this.#max }
  }
}
