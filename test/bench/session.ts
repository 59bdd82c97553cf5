import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { readEnvelope } from '#core/session/envelope.ts'
import { FleetTls } from '../support/fleet-tls.ts'
import { compare, type Side } from './measure.ts'
import { sessionEnds } from './peers.ts'
import { compared, type Report } from './report.ts'

const sizes = [256, 64, 1024, 16 * 1024]

/** As long as the header of a message between two agents: the bare loop authenticates as much. */
const associatedBytes = 82

/** Sealing and opening one message after the other, against AES-256-GCM alone. */
export async function benchSession(report: Report): Promise<void> {
  const { chaser, target } = await sessionEnds(await FleetTls.make())
  for (const size of sizes) {
    const payload = randomBytes(size)
    const ours: Side = {
      run(count) {
        for (let index = 0; index < count; index += 1) {
          const message = readEnvelope(chaser.seal('docking_request', payload, 3))
          if (message === null || !target.open(message).accepted) throw new Error('a message was refused')
        }
      },
    }
    report(
      compared(
        'session',
        `${size} B`,
        'node:crypto AES-256-GCM with a KeyObject',
        'messages sealed and opened a CPU second',
        await compare(ours, bareLoop(payload), { time: 'processor', rounds: 15, milliseconds: 60 }),
      ),
    )
  }
  chaser.close('The benchmark is over.')
  target.close('The benchmark is over.')
}

function bareLoop(payload: Buffer): Side {
  const key = createSecretKey(randomBytes(32))
  const associated = randomBytes(associatedBytes)
  const iv = Buffer.alloc(12)
  let sequence = 0
  return {
    run(count) {
      for (let index = 0; index < count; index += 1) {
        iv.writeUInt32BE(++sequence, 8)
        const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
        cipher.setAAD(associated)
        const ciphertext = cipher.update(payload)
        cipher.final()
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
        decipher.setAAD(associated)
        decipher.setAuthTag(cipher.getAuthTag())
        decipher.update(ciphertext)
        decipher.final()
      }
    },
  }
}
