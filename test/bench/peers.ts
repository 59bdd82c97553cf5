import { systemClock } from '#core/clock.ts'
import { decodePem } from '#core/crypto/pem.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { takeIdentityKey } from '#core/crypto/signature.ts'
import { type HandshakeParty, Initiator, Responder } from '#core/session/handshake.ts'
import { PeerTrust } from '#core/session/peer-trust.ts'
import { SecureSession } from '#core/session/secure-session.ts'
import type { FleetTls } from '../support/fleet-tls.ts'

/** An agent of `fleet` as it takes part in handshakes: a real certificate, judged as in the engine. */
export async function party(fleet: FleetTls, agentId: string): Promise<HandshakeParty> {
  const { key, certificate } = await fleet.agent(agentId)
  const trust = new PeerTrust({ clock: systemClock, trustAnchor: fleet.root.certificate, crl: fleet.crl })
  let sequence = 1
  return {
    agentId,
    signer: takeIdentityKey(der('PRIVATE KEY', key.toString())),
    chain: [der('CERTIFICATE', certificate)],
    random: platformRandom,
    firstSequence: () => sequence++,
    judge: (chain, peer) => trust.judge(chain, peer),
    proved: (chain, peer) => trust.proved(chain, peer),
  }
}

/** A whole handshake, both sides. */
export async function shakeHands(initiator: HandshakeParty, responder: HandshakeParty) {
  const asking = new Initiator(initiator, responder.agentId, 'high')
  const asked = await Responder.respond(responder, initiator.agentId, asking.message1)
  const { message3, result } = await asking.readReply(asked.message2)
  return { initiator: result, responder: asked.readConfirm(message3) }
}

/** Two ends of an established session. */
export async function sessionEnds(
  fleet: FleetTls,
): Promise<{ chaser: SecureSession; target: SecureSession }> {
  const chaser = await party(fleet, 'chaser-001')
  const target = await party(fleet, 'target-station')
  const results = await shakeHands(chaser, target)
  const end = (result: typeof results.initiator, localAgent: string): SecureSession => {
    let sequence = result.ourFirstSequence
    return new SecureSession(result, {
      clock: systemClock,
      localAgent,
      maxMessageAge: 60,
      replayWindowSize: 1024,
      nextSequence: () => sequence++,
      transmit: () => undefined,
      onRekey: () => undefined,
    })
  }
  return { chaser: end(results.initiator, 'chaser-001'), target: end(results.responder, 'target-station') }
}

function der(label: string, pem: string): Buffer {
  const bytes = decodePem(label, pem)
  if (bytes === null) throw new Error(`not a PEM ${label}`)
  return bytes
}
