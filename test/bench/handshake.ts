import { diffieHellman, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { FleetTls } from '../support/fleet-tls.ts'
import { compare, type Side } from './measure.ts'
import { party, shakeHands } from './peers.ts'
import { compared, type Report } from './report.ts'

const against = 'the sum of its P-384 operations (2 key pairs, 2 ECDH, 2 signatures, 2 verifications)'

/**
 * Handshakes with both sides in this process. Certificates are judged as the engine judges them: in full when a peer
 * is met first, then by what is remembered of them.
 */
export async function benchHandshake(report: Report): Promise<void> {
  const fleet = await FleetTls.make()
  const chaser = await party(fleet, 'chaser-001')
  const target = await party(fleet, 'target-station')
  const ours: Side = {
    async run(count) {
      for (let index = 0; index < count; index += 1) await shakeHands(chaser, target)
    },
  }
  const comparison = await compare(ours, primitives(), { time: 'processor', rounds: 9, milliseconds: 250 })
  report(compared('handshake', 'ECDHE P-384, ECDSA P-384', against, 'handshakes a CPU second', comparison))
}

function primitives(): Side {
  const identity = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const transcript = randomBytes(48)
  const signing = { key: identity.privateKey, dsaEncoding: 'ieee-p1363' } as const
  const checking = { key: identity.publicKey, dsaEncoding: 'ieee-p1363' } as const
  return {
    run(count) {
      for (let index = 0; index < count; index += 1) {
        const one = generateKeyPairSync('ec', { namedCurve: 'P-384' })
        const other = generateKeyPairSync('ec', { namedCurve: 'P-384' })
        diffieHellman({ privateKey: one.privateKey, publicKey: other.publicKey })
        diffieHellman({ privateKey: other.privateKey, publicKey: one.publicKey })
        for (let side = 0; side < 2; side += 1) {
          if (!verify('sha384', transcript, checking, sign('sha384', transcript, signing)))
            throw new Error('a signature does not verify')
        }
      }
    },
  }
}
