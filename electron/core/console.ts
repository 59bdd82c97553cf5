import type { AuditRecord } from '#shared/model/audit.ts'
import type { ConsoleStatus, SelfTestView } from '#shared/model/console.ts'
import type { FleetAgent } from '#shared/model/fleet.ts'
import manifest from '../../package.json' with { type: 'json' }
import { AccessControl } from './access/access-control.ts'
import { softwareTokens } from './access/token-source.ts'
import { AuditBursts } from './audit/burst.ts'
import { AuditLog } from './audit/log.ts'
import { Authority } from './ca/authority.ts'
import { EnrolmentDesk } from './ca/enrolment-desk.ts'
import { Fleet } from './ca/fleet.ts'
import { consoleAgentId } from './ca/identity.ts'
import { validateCertificate } from './ca/validation.ts'
import { type Clock, isoTime } from './clock.ts'
import type { Configuration } from './configuration.ts'
import { FleetStation } from './console/fleet-station.ts'
import { GatewayService } from './console/gateway-service.ts'
import { consoleHandlers } from './console/handlers.ts'
import { ServiceKeys } from './console/service-keys.ts'
import { selfTestEntry, selfTestView } from './console/self-test-report.ts'
import { settingsView } from './console/settings.ts'
import type { RandomSource } from './crypto/random.ts'
import { requireSelfTest, runSelfTest, type SelfTestResult } from './crypto/self-test.ts'
import type { DataFolder } from './data-folder.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import { EventFeed } from './dispatch/feed.ts'
import type { Token } from './hsm/token.ts'
import { SealedKeys } from './keys/sealed-keys.ts'
import { Gateway } from './link/gateway.ts'
import { errorFields, type Log } from './log.ts'
import { RotationDesk } from './rotation/rotation-desk.ts'
import { RotationLedger } from './rotation/rotation-ledger.ts'
import { PeerTrust } from './session/peer-trust.ts'
import { SessionBoard } from './session/session-board.ts'
import { TrafficDesk } from './session/traffic-desk.ts'
import { stopInOrder } from './stopping.ts'
import { AgentStore } from './store/agents.ts'
import { SequenceCounters } from './store/counters.ts'
import { Database } from './store/database.ts'
import { consoleMigrations } from './store/migrations.ts'
import { ReportStore } from './store/reports.ts'

export interface ConsoleOptions {
  readonly dataFolder: DataFolder
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Log
  readonly random: RandomSource
  /** Tests the cryptographic engine; the one of the product where it is not given. */
  readonly selfTest?: () => SelfTestResult
}

/** The engine: one door in, one feed out. */
export interface ConsoleEngine {
  readonly dispatcher: Dispatcher
  readonly feed: EventFeed
  /** @throws EncryptionError `encryption_failed` where the self-test fails: nothing is started then. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Repeats of what others can cause at will are counted over this time, in milliseconds, and recorded once. */
const burstMilliseconds = 10_000

/**
 * What the console is made of, in start order; the stop order is the reverse.
 * @throws SecurityException `database_damaged`, `database_newer`, `storage_full`, `storage_read_only`
 */
export function createConsole(options: ConsoleOptions): ConsoleEngine {
  const { dataFolder, configuration, clock, log, random, selfTest = runSelfTest } = options
  const startedAt = isoTime(clock.now())
  const report = (error: unknown): void => log.error('a part of the console failed', errorFields(error))

  const database = Database.open(dataFolder.databaseFile, consoleMigrations, { onTaskError: report })
  const sqliteVersion = database.prepare<[], { version: string }>('SELECT sqlite_version() AS version')
  const audit = new AuditLog({ database, clock })
  // One for each kind of outsider, so that a flood of one does not hide what another does.
  const burstsOf = (): AuditBursts =>
    new AuditBursts({ audit, clock, windowMilliseconds: burstMilliseconds, onError: report })
  const bursts = { gateway: burstsOf(), enrolment: burstsOf(), sessions: burstsOf(), calls: burstsOf() }
  const access = new AccessControl({
    tokens: softwareTokens(dataFolder.vaultFile, { random }),
    audit,
    clock,
    idleLockSeconds: configuration.idle_lock_seconds,
    lockoutSeconds: configuration.failed_auth_lockout,
    onError: report,
  })
  const feed = new EventFeed({ signedIn: () => access.operator !== null, log })
  const counters = new SequenceCounters({ database })
  const authority = new Authority({ database, audit, clock, random })
  const enrolment = new EnrolmentDesk({
    database,
    audit,
    refusals: bursts.enrolment,
    clock,
    random,
    authority,
  })
  const agents = new AgentStore(database)
  const isEnrolled = (agentId: string): boolean => agents.read(agentId) !== undefined
  const board = new SessionBoard({ database, audit, clock, consoleAgent: consoleAgentId, isEnrolled })
  const reports = new ReportStore(database)
  const traffic = new TrafficDesk({
    database,
    audit,
    bursts: bursts.sessions,
    sessionKnown: (sessionId, one, other) => board.knows(sessionId, one, other),
    isEnrolled,
  })
  const ledger = new RotationLedger({ database, audit })

  let station: FleetStation | null = null
  let trust: PeerTrust | null = null
  let tested: SelfTestView | null = null
  const gateway = new Gateway({
    clock,
    enrolment,
    audit: (key, entry) => {
      if (key === null) audit.append(entry)
      else bursts.gateway.record(key, entry)
    },
    directory: {
      consoleAgent: consoleAgentId,
      trustAnchor: () => authority.trustAnchor,
      crl: () => authority.crl,
      validate: (certificate) =>
        validateCertificate({
          certificate,
          trustAnchors: [authority.trustAnchor],
          crl: authority.crl,
          at: clock.now(),
          usage: 'client',
        }),
    },
    onError: report,
  })
  const fleet = new Fleet({
    database,
    audit,
    clock,
    authority,
    presence: {
      isConnected: (agentId) => gateway.isConnected(agentId),
      remoteAddress: (agentId) => gateway.remoteAddress(agentId),
      sessions: (agentId) => board.count(agentId),
    },
  })
  const rotation = new RotationDesk({
    board,
    ledger,
    clock,
    random,
    consoleAgent: consoleAgentId,
    interval: configuration.key_rotation_interval,
    isConnected: (agentId) => gateway.isConnected(agentId),
    protocol: () => station?.protocol ?? null,
  })
  const services = new GatewayService({
    gateway,
    keys: new ServiceKeys({ authority, sealedKeys: new SealedKeys({ database, clock }), clock }),
    audit,
    clock,
    host: configuration.gateway_host,
    port: configuration.gateway_port,
    enlist: (key) => {
      trust = new PeerTrust({ clock, trustAnchor: authority.trustAnchor, crl: authority.crl })
      station = new FleetStation({
        key,
        link: gateway.consoleLink,
        trust,
        clock,
        random,
        nextSequence: (peer) => counters.next(peer),
        keyRotationInterval: configuration.key_rotation_interval,
        maxMessageAge: configuration.max_message_age,
        replayWindowSize: configuration.replay_window_size,
        board,
        traffic,
        rotation,
        bursts: bursts.sessions,
        database,
        reports,
        onError: report,
      })
      fleet.announce(consoleAgentId)
    },
    changed: () => publishStatus(),
    onError: report,
  })

  const status = (): ConsoleStatus => {
    const token = access.tokenInfo
    const expiresAt = authority.expiresAt
    return {
      phase: access.phase,
      version: manifest.version,
      startedAt,
      operator: access.operator,
      token:
        token === null
          ? null
          : {
              label: token.label,
              serial: token.serial,
              model: token.model,
              protection: token.protection,
              triesLeft: token.triesLeft,
              pinLocked: token.pinLocked,
            },
      hasAuthority: authority.exists,
      authorityExpiresAt: expiresAt === null ? null : isoTime(expiresAt),
      gateway: services.view(),
      audit: audit.last,
      pendingRequests: enrolment.pending,
      idleLockSeconds: configuration.idle_lock_seconds,
    }
  }
  const publishStatus = (): void => feed.publish('console.status', status())

  const openServices = async (token: Token, actor: string): Promise<void> => {
    if (!authority.exists) return
    await authority.renewCrlWhenDue(token, actor)
    await services.open(token, actor)
    publishStatus()
  }

  const dispatcher = new Dispatcher({
    clock,
    log,
    caller: () =>
      access.operator === null ? null : { actor: access.operator.name, role: access.operator.role },
    audit: ({ operation, code, actor, peer }) => {
      if (code !== 'not_allowed' && code !== 'rate_limited') return
      bursts.calls.record(`${code} ${operation} ${peer}`, {
        type: 'SECURITY_VIOLATION',
        severity: 'CRITICAL',
        actor,
        subject: operation,
        detail: { violation: code },
      })
    },
    handlers: consoleHandlers({
      access,
      audit,
      authority,
      enrolment,
      fleet,
      board,
      traffic,
      rotation,
      status,
      settings: () =>
        settingsView(dataFolder, configuration, sqliteVersion.get()?.version ?? 'unknown', tested),
      changed: publishStatus,
      openServices,
    }),
  })

  const endSessionsOf = ({ agentId, verdict }: FleetAgent): void => {
    if (verdict === 'compromised') board.closeAllOf(agentId, `${agentId} was declared compromised`)
  }

  audit.onAppended((record: AuditRecord) => feed.publish('audit.appended', record))
  access.onChange(publishStatus)
  enrolment.onChange((request) => {
    feed.publish('enrolment.changed', request)
    publishStatus()
  })
  fleet.onChange((agent) => {
    endSessionsOf(agent)
    feed.publish('fleet.changed', agent)
  })
  authority.onCrl((crl) => {
    trust?.update(crl)
    station?.review()
    gateway.announceCrl(crl)
  })
  gateway.onPresence(({ agentId }) => {
    fleet.seen(agentId)
    publishStatus()
  })
  gateway.onRefused(({ agentId }) => {
    if (agentId !== null) fleet.refused(agentId)
  })
  board.onChanged((view) => {
    feed.publish('session.changed', view)
    fleet.announce(view.initiator)
    fleet.announce(view.responder)
  })
  traffic.onEntry((entry) => feed.publish('session.traffic', entry))
  ledger.onHappened((entry) => feed.publish('rotation.happened', entry))

  const stopping = new AbortController()
  let verifying: Promise<void> = Promise.resolve()
  return {
    dispatcher,
    feed,
    async start() {
      audit.append({
        type: 'CONSOLE_STARTED',
        severity: 'INFO',
        actor: 'console',
        subject: 'console',
        detail: { version: manifest.version },
      })
      const result = selfTest()
      tested = selfTestView(result, clock)
      audit.append(selfTestEntry(result))
      requireSelfTest(result)
      board.closeLost()
      // A crash may have come between a declaration and the end of the agent's sessions.
      for (const agent of fleet.list()) endSessionsOf(agent)
      const problem = await access.start()
      if (problem !== null) log.warn('the token cannot be opened', { code: problem.code })
      verifying = audit.verify({ signal: stopping.signal }).then(publishStatus, (error: unknown) => {
        if (!stopping.signal.aborted) report(error)
      })
    },
    async stop() {
      stopping.abort()
      const steps: (() => Promise<void> | void)[] = [
        () => verifying,
        () => station?.stop(),
        () => services.stop(),
        () => access.stop(),
        ...Object.values(bursts).map((one) => () => one.flush()),
        () =>
          void audit.append({
            type: 'CONSOLE_STOPPED',
            severity: 'INFO',
            actor: 'console',
            subject: 'console',
            detail: {},
          }),
        () => database.close(),
      ]
      await stopInOrder(steps, { clock, log })
    },
  }
}
