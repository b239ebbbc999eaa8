// What the samples of the ready-made formats hold, all of our own making: their readings of 21 November 2026 in Rome.

export const SAMPLES: Record<string, { file: string; sensor?: string; lines: string[] }> = {
  zentra: {
    file: "zentra.csv",
    lines: ["00:00 - 14.2 - 28.7%", "00:15 - 14.15 - 28.65%", "23:45 - -0.4 - 28.4%"],
  },
  "zentra-ports": {
    file: "zentra-ports.csv",
    sensor: "Port 2",
    lines: ["00:00 - 13.1 - 31.2%", "13:00 - 14.4 - 31%", "23:45 - 12.6 - 30.9%"],
  },
  hobo: {
    file: "hobo.csv",
    lines: ["00:00 - 14.22 - 28.69%", "00:15 - 14.15 - 28.66%", "13:30 - 15.51 - 28.51%"],
  },
  "hobo-comma": { file: "hobo-comma.csv", lines: ["00:00 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  toa5: { file: "toa5.dat", lines: ["00:00 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  ecowitt: { file: "ecowitt.csv", lines: ["00:00 - 14.2 - 34%", "13:30 - 15.5 - 33%"] },
  tomst: { file: "tomst.csv", lines: ["00:00 - 14.25 - 34.21%", "00:15 - 14.19 - 34.14%", "13:30 - 15.5 - 33.7%"] },
  "tomst-comma": { file: "tomst-comma.csv", lines: ["00:00 - 14.25 - 34.21%", "13:30 - 15.5 - 33.7%"] },
  ttn: { file: "ttn.jsonl", lines: ["00:00:03 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  rtl_433: { file: "rtl_433.jsonl", sensor: "112", lines: ["00:01:40 - 14.2 - 29%", "13:30:02 - 15.5 - 28%"] },
  senml: { file: "senml.json", lines: ["00:00 - 14.22 - 28.69%", "00:15 - 14.15 - 28.66%", "13:30 - 15.51 - 28.51%"] },
}
