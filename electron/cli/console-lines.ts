import type { EventName, EventOf } from '#shared/contract/events.ts'
import type { ConsolePhase, ConsoleStatus } from '#shared/model/console.ts'
import { refusalMeaning } from '#shared/model/session.ts'
import { describeFields } from './output.ts'

const phases: Record<ConsolePhase, string> = {
  no_token: 'no token yet (--create-token LABEL --operator NAME makes one)',
  signed_out: 'signed out',
  locked: 'locked; the gateway keeps serving',
  signed_in: 'signed in',
}

/** What changed between two states of the console, a line each; everything that is worth a line if there is no earlier one. */
export function describeStatus(before: ConsoleStatus | null, now: ConsoleStatus): string[] {
  const lines: string[] = []
  const changed = <Value>(read: (status: ConsoleStatus) => Value): boolean =>
    before === null || JSON.stringify(read(before)) !== JSON.stringify(read(now))

  if (changed(({ phase }) => phase)) {
    lines.push(`console: ${phases[now.phase]}${now.operator === null ? '' : ` (${now.operator.name})`}`)
  }
  if (changed(({ token }) => [token?.serial, token?.pinLocked]) && now.token !== null) {
    const { label, protection, pinLocked } = now.token
    lines.push(
      `token: ${label}, ${protection} protection${pinLocked ? ', PIN locked; unblock it with the SO-PIN' : ''}`,
    )
  }
  if (changed(({ gateway: { state, host, port, problem } }) => [state, host, port, problem])) {
    lines.push(`gateway: ${describeGateway(now.gateway)}`)
  }
  if (changed(({ hasAuthority }) => hasAuthority) && (before !== null || now.hasAuthority)) {
    lines.push(now.hasAuthority ? 'authority: root CA present' : 'authority: none')
  }
  if (before !== null && changed(({ pendingRequests }) => pendingRequests)) {
    lines.push(`enrolment: ${now.pendingRequests} pending`)
  }
  if (now.audit !== null && changed(({ audit }) => audit?.intact)) {
    lines.push(
      now.audit.intact ? 'audit: chain intact' : `audit: CHAIN BROKEN at record ${now.audit.firstBad ?? '?'}`,
    )
  }
  return lines
}

function describeGateway({ state, host, port, problem }: ConsoleStatus['gateway']): string {
  if (state === 'listening') return `listening on ${host.includes(':') ? `[${host}]` : host}:${port}`
  return state === 'failed' ? `failed: ${problem ?? 'for an unknown reason'}` : 'stopped'
}

type Describers = { [Name in Exclude<EventName, 'console.status'>]: (payload: EventOf<Name>) => string }

const describers: Describers = {
  'enrolment.changed': ({ agentId, profile, state, fingerprint, id, reason }) =>
    `enrolment: ${agentId} (${profile}) ${state}${reason === null ? '' : `: ${reason}`}, key ${fingerprint}, request ${id}`,
  'fleet.changed': ({ agentId, verdict, connected }) =>
    `fleet: ${agentId} ${verdict}, ${connected ? 'connected' : 'not connected'}`,
  'session.changed': ({ initiator, responder, state, keyVersion, closeReason }) =>
    `session: ${initiator} - ${responder} ${state}, key version ${keyVersion}${closeReason === null ? '' : `: ${closeReason}`}`,
  'session.traffic': ({ sender, recipient, messageType, sequence, verdict }) =>
    `message: ${sender} -> ${recipient} ${messageType} #${sequence} ${verdict === null ? 'accepted' : `REFUSED (${refusalMeaning[verdict].title.toLowerCase()})`}`,
  'rotation.happened': ({ peers, keyVersion, trigger, outcome }) =>
    `rotation: ${peers[0]} - ${peers[1]} ${outcome}, key version ${keyVersion} (${trigger})`,
  'audit.appended': ({ sequence, type, severity, actor, subject, detail }) =>
    `audit: #${sequence} ${severity} ${type} ${actor} ${subject} ${describeFields(detail)}`.trimEnd(),
}

/** An event of the engine as one line for people. */
export function describeEvent<Name extends keyof Describers>(name: Name, payload: EventOf<Name>): string {
  return describers[name](payload)
}
