import type { ConsoleStatus, SettingsView } from '#shared/model/console.ts'
import type { AccessControl } from '../access/access-control.ts'
import type { AuditLog } from '../audit/log.ts'
import type { Authority } from '../ca/authority.ts'
import type { EnrolmentDesk } from '../ca/enrolment-desk.ts'
import type { Fleet } from '../ca/fleet.ts'
import type { Handlers } from '../dispatch/dispatcher.ts'
import { KeyManagementError, SecurityException } from '../errors.ts'
import type { Token } from '../hsm/token.ts'
import type { RotationDesk } from '../rotation/rotation-desk.ts'
import type { SessionBoard } from '../session/session-board.ts'
import type { TrafficDesk } from '../session/traffic-desk.ts'

export interface HandlerParts {
  readonly access: AccessControl
  readonly audit: AuditLog
  readonly authority: Authority
  readonly enrolment: EnrolmentDesk
  readonly fleet: Fleet
  readonly board: SessionBoard
  readonly traffic: TrafficDesk
  readonly rotation: RotationDesk
  readonly status: () => ConsoleStatus
  readonly settings: () => SettingsView
  /** The console's status is another than before. */
  readonly changed: () => void
  /** What follows a sign-in: the gateway opens, the CRL is renewed where it is due. */
  readonly openServices: (token: Token, actor: string) => Promise<void>
}

/** What each operation of the contract does: one service each, nothing else. */
export function consoleHandlers(parts: HandlerParts): Handlers {
  const { access, audit, authority, enrolment, fleet, board, traffic, rotation, status } = parts
  const token = (): Token => {
    if (access.token === null)
      throw new SecurityException('not_signed_in', 'Nobody is signed in. Sign in with the token’s PIN first.')
    return access.token
  }
  const actor = (): string => access.operator?.name ?? 'console'

  return {
    'console.status': status,
    'console.settings': parts.settings,

    'token.create': async ({ label, operator, pin, soPin }) => {
      // A new token would not hold the CA key, and would hide that the old one is missing.
      if (authority.exists) {
        throw new KeyManagementError(
          'token_missing',
          'This console has a root CA, but its token is missing. Put the token’s vault file back from a backup; a new token could not sign for this CA.',
        )
      }
      await access.createToken({ label, operator, pin: Buffer.from(pin), soPin: Buffer.from(soPin) })
      return status()
    },
    'token.changePin': async ({ pin, newPin }) => {
      await access.changePin(Buffer.from(pin), Buffer.from(newPin))
      return {}
    },
    'token.unblock': async ({ soPin, newPin }) => {
      await access.unblock(Buffer.from(soPin), Buffer.from(newPin))
      return status()
    },

    'access.signIn': async ({ pin }) => {
      await access.signIn(Buffer.from(pin))
      await parts.openServices(token(), actor())
      return status()
    },
    'access.signOut': async () => {
      await access.signOut()
      return status()
    },
    'access.lock': async () => {
      await access.lock('operator')
      return status()
    },
    'access.touch': () => {
      access.touch()
      return {}
    },

    'authority.create': async (input, caller) => {
      const view = await authority.create(input, token(), caller.actor)
      await parts.openServices(token(), caller.actor)
      return authority.view(token().info()) ?? view
    },
    'authority.read': () => (access.tokenInfo === null ? null : authority.view(access.tokenInfo)),

    'enrolment.list': () => enrolment.list(),
    'enrolment.approve': async ({ id }, caller) => {
      const { agentId } = enrolment.read(id)
      await enrolment.approve(id, token(), caller.actor)
      return fleet.read(agentId)
    },
    'enrolment.refuse': ({ id, reason }, caller) => enrolment.refuse(id, reason, caller.actor),

    'fleet.list': () => fleet.list(),
    'fleet.declareCompromised': ({ agentId, confirmation, reason }, caller) =>
      fleet.declareCompromised(agentId, confirmation, reason, token(), caller.actor),

    'session.list': () => board.list(),
    'session.traffic': () => traffic.list(),
    'session.rotate': ({ sessionId }, caller) => rotation.rotate(sessionId, caller.actor),
    'session.rotateAll': (_, caller) => rotation.rotateAll(caller.actor),

    'rotation.schedule': () => rotation.schedule(),

    'audit.list': ({ before, limit, filter }) =>
      audit.list({ ...(before === undefined ? {} : { before }), limit, filter }),
    'audit.verify': async (_, caller) => {
      const verification = await audit.verify()
      audit.append({
        type: 'AUDIT_VERIFIED',
        severity: verification.intact ? 'INFO' : 'CRITICAL',
        actor: caller.actor,
        subject: 'audit log',
        detail: {
          intact: verification.intact,
          records: verification.records,
          firstBad: verification.firstBad,
        },
      })
      parts.changed()
      return verification
    },
  }
}
