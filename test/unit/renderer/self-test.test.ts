import { expect, it } from 'vitest'
import type { SelfTestView } from '#shared/model/console.ts'
import { providerSummary, selfTestSummary } from '../../../renderer/format/self-test.ts'

const view = (...checks: [string, 'node' | 'noble' | 'node-rs', boolean][]): SelfTestView => ({
  ranAt: '2026-11-21T08:55:02.000Z',
  passed: checks.every(([, , passed]) => passed),
  algorithms: checks.map(([algorithm, provider, passed]) => ({ algorithm, provider, passed })),
})

it('says how many algorithms passed, or which failed', () => {
  expect(selfTestSummary(view(['AES-256-GCM', 'node', true], ['BLAKE2b', 'noble', true]))).toBe(
    '2 algorithms passed',
  )
  expect(selfTestSummary(view(['AES-256-GCM', 'node', false], ['BLAKE2b', 'noble', true]))).toBe(
    'Failed: AES-256-GCM',
  )
})

it('says what does not come from the library', () => {
  expect(providerSummary(view(['AES-256-GCM', 'node', true]))).toBe("All from the platform's library.")
  expect(
    providerSummary(
      view(['AES-256-GCM', 'node', true], ['BLAKE2b', 'noble', true], ['Argon2id', 'node-rs', true]),
    ),
  ).toBe("BLAKE2b by @noble packages; Argon2id by @node-rs/argon2; all others by the platform's library.")
})
