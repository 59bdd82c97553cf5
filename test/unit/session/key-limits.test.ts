import { describe, expect, it, vi } from 'vitest'
import { FrameKind } from '#core/link/link.ts'
import { readEnvelope } from '#core/session/envelope.ts'
import type * as SuiteModule from '#core/session/suite.ts'
import { sessionPair, settle } from '../../support/session-pair.ts'

/** The suite with limits that a test can reach. */
vi.mock('#core/session/suite.ts', async (original) => {
  const module = await original<typeof SuiteModule>()
  const suites = module.suites.map((suite) => ({ ...suite, messageLimit: 40 }))
  return { ...module, suites, suitesFor: () => suites, chooseSuite: () => suites[0] }
})

describe('a session whose key is used up', () => {
  it('is rekeyed before that, so that messages go on', async () => {
    const { chaser, target } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    const triggers: string[] = []
    for (const agent of [chaser, target]) agent.on('rotation', ({ trigger }) => triggers.push(trigger))
    for (let number = 0; number < 100; number++)
      expect(await chaser.sendSecureMessage(session, { type: 'telemetry', number })).toBe(true)
    expect(session.closed).toBe(false)
    expect(session.keyVersion).toBeGreaterThan(5)
    expect(triggers).toContain('limit')
  })

  it('is replaced by a new one when no rekey got through, and what waited is delivered in it', async () => {
    const { chaser, target, network } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    const got: unknown[] = []
    target.on('message', ({ message }) => got.push(message['number']))
    network.wire = (frame, deliver) => {
      const type = frame.kind === FrameKind.message ? readEnvelope(frame.body)?.messageType : undefined
      if (type?.startsWith('session.rekey_') !== true) deliver(frame)
    }
    const sent = Array.from({ length: 60 }, (_, number) =>
      chaser.sendSecureMessage(session, { type: 'telemetry', number }),
    )
    await settle(() => got.length === 60)
    expect(new Set(await Promise.all(sent))).toEqual(new Set([true]))
    expect(session.closed).toBe(true)
    expect(chaser.sessions()[0]?.sessionId).not.toBe(session.sessionId)
  })
})
