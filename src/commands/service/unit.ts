// The systemd unit of a role (systemd.service(5), systemd.exec(5)), with the commands that install it on top.
import { dirname, resolve } from "node:path"
import { PROGRAMME, quoteForShell } from "../../installation"

const USER = "smart-meter"
const ROLES = ["cloud", "gateway", "device"]

export interface Service {
  /** The unit's name without `.service`. */
  readonly name: string
  /** What stands behind `start`. */
  readonly words: readonly string[]
  /** Below /etc and /var/lib. The simulated network's files are not the farm's: it gets folders of its own. */
  readonly folder: string
}

/** @param words roles and addresses as `start` takes them; none: the whole network, simulated */
export function serviceOf(words: readonly string[]): Service {
  const roles = words.length > 0 ? ROLES.filter((role) => words.includes(role)) : ["simulated"]
  return {
    name: ["smart-meter", ...roles].join("-"),
    words,
    folder: words.length > 0 ? "smart-meter" : "smart-meter-simulated",
  }
}

export interface Beside {
  /** The path, from the topology, of the schema that it names for editors. */
  readonly schema?: string | undefined
  /** The path, from there, of the file of sites that it names. */
  readonly sites?: string | undefined
  /** Paths, from there, of the keys that the role needs. */
  readonly keys?: readonly string[]
}

/** @param topology the absolute path of the file to install, with what stands beside it */
export function formatUnit(service: Service, topology: string, beside: Beside = {}): string {
  const comments = instructions(service, topology, beside).map((line) => `# ${line}`.trimEnd())
  return `${comments.join("\n")}\n\n${sections(service)}`
}

// A fixed user, not DynamicUser=: that one keeps its state below /var/lib/private, and is gone while the service rests,
// so that the files then belong to nobody. `status` may run as root: what SQLite makes beside a database belongs to the
// database's owner then.
function instructions(service: Service, topology: string, { schema, sites, keys = [] }: Beside): string[] {
  const { name, words } = service
  const programme = PROGRAMME.map(quoteForShell).join(" ")
  const installed = topologyOf(service)
  return [
    `${name}.service. To install it:`,
    "",
    `  ${[programme, "service", ...words].join(" ")} | sudo tee /etc/systemd/system/${name}.service > /dev/null`,
    `  sudo useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${USER}`,
    installLine(topology, installed),
    ...(sites === undefined
      ? []
      : [installLine(resolve(dirname(topology), sites), resolve(dirname(installed), sites))]),
    ...keys.map((key) => keyLine(resolve(dirname(topology), key), resolve(dirname(installed), key))),
    ...(schema === undefined ? [] : [schemaLine(programme, resolve(dirname(installed), schema))]),
    `  sudo systemctl daemon-reload && sudo systemctl enable --now ${name}`,
    "",
    "Surveys and scripts stand beside the topology, as they do here. To see how it does:",
    "",
    `  systemctl status ${name}`,
    `  journalctl --unit=${name} --follow`,
    `  sudo ${programme} status --topology ${installed}`,
    "",
    `Without sudo from the next login on: sudo usermod --append --groups ${USER} $USER`,
    `After topology.yaml has changed, what need not wait for a new start: sudo systemctl reload ${name}`,
    "",
    "Restarted for ever, 10 s after each end. After a disk error (exit 70) it goes on from what is on the disk. While the",
    "files are wrong or a database is damaged (exit 2) nothing is taken, and the journal says at every try which file it",
    "is, what is wrong and what to do.",
    `What alerts keep secret: a file, sudo install -D --mode=600 --owner=${USER} smtp ${folderOf(service)}/keys/smtp, or a line`,
    `SMTP_PASSWORD=… in ${folderOf(service)}/environment, which nobody but root needs to read.`,
    "A survey script that reads a device of this machine needs more: sudo systemctl edit it, with [Service],",
    "PrivateDevices=no, DeviceAllow=/dev/i2c-1 rw and SupplementaryGroups=i2c, for example.",
  ]
}

const folderOf = ({ folder }: Service): string => `/etc/${folder}`

const topologyOf = (service: Service): string => `${folderOf(service)}/topology.yaml`

const installLine = (from: string, to: string): string =>
  `  sudo install -D --mode=640 --group=${USER} ${[from, to].map(quoteForShell).join(" ")}`

/** A key is its user's alone, or nobody takes it. */
const keyLine = (from: string, to: string): string =>
  `  sudo install -D --mode=600 --owner=${USER} ${[from, to].map(quoteForShell).join(" ")}`

const schemaLine = (programme: string, file: string): string =>
  `  ${programme} service --schema | sudo install -D --mode=644 /dev/stdin ${quoteForShell(file)}`

function sections(service: Service): string {
  const { name, words, folder } = service
  const start = commandLine([...PROGRAMME, "start", ...words, "--topology", topologyOf(service)])
  return `[Unit]
Description=Smart Meter IoT: ${words.length > 0 ? words.join(" ") : "the whole network, simulated"}
Wants=network-online.target
# a machine without a battery for its clock learns the day first, where it is set up to wait for that
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${start}
WorkingDirectory=${folderOf(service)}
EnvironmentFile=-${folderOf(service)}/environment
ExecReload=/bin/kill -HUP $MAINPID
SyslogIdentifier=${name}
User=${USER}
StateDirectory=${folder}
StateDirectoryMode=0750
UMask=0027
Restart=always
RestartSec=10s
TimeoutStopSec=5s
KillMode=mixed
${HARDENING}
[Install]
WantedBy=multi-user.target
`
}

const HARDENING = `
# MemoryDenyWriteExecute= stays off: the JIT compiler writes code.
# Netlink tells the host's own addresses; scripts and name services speak over unix sockets, and people to the gateway.
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
RemoveIPC=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
`

/**
 * systemd expands %, behind the programme's own path $ too, and splits at spaces unless they are quoted (systemd.service(5),
 * "Command lines").
 */
export const commandLine = ([programme = "", ...words]: readonly string[]): string =>
  [programme, ...words.map((word) => word.replaceAll("$", "$$$$"))].map(quoteForUnit).join(" ")

function quoteForUnit(word: string): string {
  const text = word.replaceAll("%", "%%")
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`
}
