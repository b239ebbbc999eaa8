// The systemd unit of a role (systemd.service(5), systemd.exec(5)), with the commands that install it on top.
import { PROGRAMME, quoteForShell } from "../installation"

export const TOPOLOGY_FILE = "/etc/smart-meter/topology.yaml"

const USER = "smart-meter"
const ROLES = ["cloud", "gateway", "device"]

export interface Service {
  /** The unit's name without `.service`. */
  readonly name: string
  /** What stands behind `start`. */
  readonly words: readonly string[]
  /** Below /var/lib. The simulated network's databases are not the farm's: it gets a folder of its own. */
  readonly stateDirectory: string
}

/** @param words roles and addresses as `start` takes them; none: the whole network, simulated */
export function serviceOf(words: readonly string[]): Service {
  const roles = words.length > 0 ? ROLES.filter((role) => words.includes(role)) : ["simulated"]
  return {
    name: ["smart-meter", ...roles].join("-"),
    words,
    stateDirectory: words.length > 0 ? "smart-meter" : "smart-meter-simulated",
  }
}

/** @param topology the absolute path of the file to install */
export function formatUnit(service: Service, topology: string): string {
  const comments = instructions(service, topology).map((line) => `# ${line}`.trimEnd())
  return `${comments.join("\n")}\n\n${sections(service)}`
}

// A fixed user, not DynamicUser=: that one keeps its state below /var/lib/private, which only root enters, and is gone
// while the service rests, so that nobody could ask `status` as the user who owns the databases.
function instructions({ name, words, stateDirectory }: Service, topology: string): string[] {
  const programme = PROGRAMME.map(quoteForShell).join(" ")
  return [
    `${name}.service. To install it:`,
    "",
    `  ${[programme, "service", ...words].join(" ")} | sudo tee /etc/systemd/system/${name}.service > /dev/null`,
    `  sudo useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${USER}`,
    `  sudo install -D --mode=640 --group=${USER} ${quoteForShell(topology)} ${TOPOLOGY_FILE}`,
    `  sudo systemctl daemon-reload && sudo systemctl enable --now ${name}`,
    "",
    "Surveys and scripts stand beside the topology, as they do here. To see how it does:",
    "",
    `  systemctl status ${name}`,
    `  journalctl --unit=${name} --follow`,
    `  sudo -u ${USER} env STATE_DIRECTORY=/var/lib/${stateDirectory} ${programme} status --topology ${TOPOLOGY_FILE}`,
    "",
    "Restarted for ever, 10 s to 5 min apart (always 10 s before systemd 254). After a disk error (exit 70) it goes on from",
    "what is on the disk. While the files are wrong or a database is damaged (exit 2) nothing is taken, and the journal",
    "says at every try which file it is, what is wrong and what to do.",
    "A survey script that reads a device of this machine needs more: sudo systemctl edit it, with [Service],",
    "PrivateDevices=no, DeviceAllow=/dev/i2c-1 rw and SupplementaryGroups=i2c, for example.",
  ]
}

function sections({ name, words, stateDirectory }: Service): string {
  const start = [...PROGRAMME, "start", ...words, "--topology", TOPOLOGY_FILE].map(quoteForUnit).join(" ")
  return `[Unit]
Description=Smart Meter IoT: ${words.length > 0 ? words.join(" ") : "the whole network, simulated"}
Wants=network-online.target
# a machine without a battery for its clock learns the day first, where it is set up to wait for that
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${start}
WorkingDirectory=/etc/smart-meter
SyslogIdentifier=${name}
User=${USER}
StateDirectory=${stateDirectory}
StateDirectoryMode=0700
UMask=0077
Restart=always
RestartSec=10s
RestartSteps=6
RestartMaxDelaySec=5min
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

/** systemd expands %, and splits at spaces unless they are quoted (systemd.service(5), "Command lines"). */
function quoteForUnit(word: string): string {
  const text = word.replaceAll("%", "%%")
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`
}
