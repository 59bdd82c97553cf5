import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { AccessControl } from '#core/access/access-control.ts'
import { softwareTokens } from '#core/access/token-source.ts'
import { AuditLog } from '#core/audit/log.ts'
import { SecurityException } from '#core/errors.ts'
import { FakeClock } from '../../support/clock.ts'
import { openConsoleDatabase } from '../../support/console-database.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { pin, soPin, tokenParts } from '../../support/software-token.ts'

let file: string
let clock: FakeClock
let audit: AuditLog
let access: AccessControl

const options = { idleLockSeconds: 300, lockoutSeconds: 30 }
const makeAccess = (
  more: Partial<typeof options & { onError: (error: unknown) => void }> = {},
): AccessControl =>
  new AccessControl({ tokens: softwareTokens(file, tokenParts), audit, clock, ...options, ...more })
const create = (): Promise<void> =>
  access.createToken({ label: 'Fleet', operator: 'Ada', pin: pin(), soPin: soPin() })
const events = () =>
  audit
    .list({ limit: 100, filter: {} })
    .records.map(({ type, actor, detail }) => [type, actor, detail])
    .reverse()
const lastEvent = () => events().at(-1)
const full = (): void => {
  vi.spyOn(audit, 'append').mockImplementation(() => {
    throw new SecurityException('storage_full', 'full')
  })
}

beforeEach(() => {
  file = join(temporaryFolder(), 'token.vault')
  clock = new FakeClock()
  audit = new AuditLog({ database: openConsoleDatabase(), clock })
  access = makeAccess()
})

describe('the first start', () => {
  it('has no token, and says so to who signs in', async () => {
    expect(await access.start()).toBeNull()
    expect(access).toMatchObject({ phase: 'no_token', operator: null, token: null, tokenInfo: null })
    await expect(access.signIn(pin())).rejects.toMatchObject({ code: 'token_missing' })
  })

  it('finds a token that was made but not recorded before a crash, and records it once', async () => {
    full()
    await expect(create()).rejects.toMatchObject({ code: 'storage_full' })
    vi.restoreAllMocks()
    await makeAccess().start()
    await makeAccess().start()
    expect(events()).toMatchObject([['TOKEN_CREATED', 'console', { label: 'Fleet', found: 'at the start' }]])
  })

  it('makes a token, signs in, and audits both', async () => {
    const phases: string[] = []
    access.onChange((phase) => phases.push(phase))
    await create()
    expect(access).toMatchObject({ phase: 'signed_in', operator: { name: 'Ada', role: 'security_officer' } })
    expect(access.token?.info()).toMatchObject({ loggedIn: true, label: 'Fleet' })
    expect(events()).toEqual([
      ['TOKEN_CREATED', 'Ada', { serial: access.tokenInfo?.serial, protection: 'software', label: 'Fleet' }],
      ['SIGNED_IN', 'Ada', {}],
    ])
    expect(phases).toEqual(['signed_in'])
    await expect(create()).rejects.toMatchObject({ code: 'token_exists' })
  })

  it('makes nothing of unsuitable PINs', async () => {
    const about = { label: 'Fleet', operator: 'Ada', pin: pin('123'), soPin: soPin() }
    await expect(access.createToken(about)).rejects.toMatchObject({ code: 'pin_unsuitable' })
    expect(access.phase).toBe('no_token')
    expect(events()).toEqual([])
    expect(about.soPin.every((byte) => byte === 0)).toBe(true)
  })
})

describe('a later start', () => {
  beforeEach(async () => {
    await create()
    await access.stop()
    access = makeAccess()
  })

  it('shows the token before anybody signs in', async () => {
    expect(await access.start()).toBeNull()
    expect(access).toMatchObject({ phase: 'signed_out', token: null, operator: null })
    expect(access.tokenInfo).toMatchObject({ label: 'Fleet', loggedIn: false, triesLeft: 10 })
    await access.signIn(pin())
    expect(access.phase).toBe('signed_in')
  })

  it('starts with a damaged vault and says what is wrong with it', async () => {
    truncateSync(file, 100)
    const before = readFileSync(file)
    expect(await access.start()).toMatchObject({ code: 'token_damaged' })
    expect(access).toMatchObject({ phase: 'signed_out', tokenInfo: null })
    await expect(access.signIn(pin())).rejects.toMatchObject({ code: 'token_damaged' })
    await expect(create()).rejects.toMatchObject({ code: 'token_exists' })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('takes a vault that was restored without a restart', async () => {
    const good = readFileSync(file)
    truncateSync(file, 100)
    await access.start()
    writeFileSync(file, good)
    await access.signIn(pin())
    expect(access.phase).toBe('signed_in')
  })
})

describe('wrong PINs', () => {
  beforeEach(async () => {
    await create()
    await access.signOut()
  })

  it('are audited with the tries left and sign nobody in', async () => {
    await expect(access.signIn(pin('wrong'))).rejects.toMatchObject({ code: 'pin_incorrect', triesLeft: 9 })
    expect(lastEvent()).toEqual([
      'AUTHENTICATION_FAILURE',
      'console',
      { attempt: 'sign-in', reason: 'pin_incorrect', triesLeft: 9 },
    ])
    expect(access).toMatchObject({ phase: 'signed_out', token: null, operator: null })
  })

  it('make the next try wait after three in a row, without counting it', async () => {
    for (let count = 0; count < 3; count += 1) await access.signIn(pin('wrong')).catch(() => undefined)
    await expect(access.signIn(pin())).rejects.toThrow(/Wait 30 seconds.*not counted/)
    clock.advance(29_001)
    await expect(access.signIn(pin())).rejects.toThrow(/Wait 1 second,/)
    expect(access.tokenInfo?.triesLeft).toBe(7)
    clock.advance(999)
    await expect(access.signIn(pin('wrong'))).rejects.toMatchObject({ code: 'pin_incorrect', triesLeft: 6 })
    await expect(access.signIn(pin())).rejects.toMatchObject({ code: 'rate_limited' })
    clock.advance(30_000)
    await access.signIn(pin())
    await access.signOut()
    await expect(access.signIn(pin('wrong'))).rejects.toMatchObject({ triesLeft: 9 })
    await access.signIn(pin())
  })

  it('lock the token in the end; the SO-PIN unblocks it', async () => {
    access = makeAccess({ lockoutSeconds: 0 })
    for (let count = 0; count < 10; count += 1) await access.signIn(pin('wrong')).catch(() => undefined)
    expect(access.tokenInfo).toMatchObject({ pinLocked: true, triesLeft: 0 })
    expect(audit.list({ limit: 1, filter: {} }).records[0]).toMatchObject({
      severity: 'CRITICAL',
      detail: { reason: 'pin_locked' },
    })
    await expect(access.signIn(pin())).rejects.toMatchObject({ code: 'pin_locked' })
    await expect(access.unblock(soPin('wrong wrong'), pin('new secret'))).rejects.toMatchObject({
      triesLeft: 9,
    })
    expect(lastEvent()?.[2]).toEqual({ attempt: 'unblocking', reason: 'pin_incorrect', triesLeft: 9 })
    const changed = vi.fn()
    access.onChange(changed)
    await access.unblock(soPin(), pin('new secret'))
    expect(lastEvent()).toEqual(['PIN_CHANGED', 'Ada', { with: 'SO-PIN' }])
    expect(changed).toHaveBeenCalledWith('signed_out')
    await access.signIn(pin('new secret'))
  })
})

describe('locking', () => {
  beforeEach(create)

  it('takes the powers away at once', async () => {
    const token = access.token
    const done = access.lock('operator')
    expect(access).toMatchObject({ phase: 'locked', token: null, operator: null })
    await done
    expect(token?.info().loggedIn).toBe(false)
    expect(lastEvent()).toEqual(['LOCKED', 'Ada', { reason: 'operator' }])
    await access.lock('operator')
    expect(events()).toHaveLength(3)
    await access.signIn(pin())
    expect(lastEvent()).toEqual(['SIGNED_IN', 'Ada', { afterLock: true }])
  })

  it('happens by itself when nobody touches the console', async () => {
    const phases: string[] = []
    access.onChange((phase) => phases.push(phase))
    clock.advance(299_000)
    access.touch()
    clock.advance(299_999)
    expect(access.phase).toBe('signed_in')
    clock.advance(1)
    expect(access.phase).toBe('locked')
    await vi.waitFor(() => expect(access.tokenInfo?.loggedIn).toBe(false))
    expect(lastEvent()).toEqual(['LOCKED', 'Ada', { reason: 'idle' }])
    expect(phases).toEqual(['locked'])
    access.touch()
    expect(access.phase).toBe('locked')
    expect(clock.pending).toBe(0)
  })

  it('happens on the first touch after the machine slept through the limit', () => {
    vi.spyOn(clock, 'now').mockReturnValue(Date.parse('2026-11-21T08:00:00.000Z'))
    access.touch()
    expect(access.phase).toBe('locked')
  })

  it('does not happen by itself where that is turned off, nor after a sign-out', async () => {
    await access.signOut()
    expect(clock.pending).toBe(0)
    access = makeAccess({ idleLockSeconds: 0 })
    await access.signIn(pin())
    clock.advance(86_400_000)
    expect(access.phase).toBe('signed_in')
  })

  it('takes the powers away even where it cannot be recorded', async () => {
    const onError = vi.fn()
    await access.signOut()
    access = makeAccess({ onError })
    await access.signIn(pin())
    full()
    clock.advance(300_000)
    expect(access).toMatchObject({ phase: 'locked', token: null })
    await vi.waitFor(() => expect(access.tokenInfo?.loggedIn).toBe(false))
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'storage_full' }))
  })
})

describe('signing out', () => {
  beforeEach(create)

  it('is audited once', async () => {
    await access.signOut()
    await access.signOut()
    expect(access).toMatchObject({ phase: 'signed_out', token: null })
    expect(lastEvent()).toEqual(['SIGNED_OUT', 'Ada', {}])
    expect(events()).toHaveLength(3)
  })

  it('is part of stopping', async () => {
    await access.stop()
    expect(lastEvent()).toEqual(['SIGNED_OUT', 'Ada', { reason: 'console stopped' }])
    expect(access.tokenInfo?.loggedIn).toBe(false)
  })
})

describe('an act that cannot be recorded', () => {
  it('is not carried out: nobody signs in while the disk is full', async () => {
    await create()
    await access.signOut()
    full()
    await expect(access.signIn(pin())).rejects.toMatchObject({ code: 'storage_full' })
    expect(access).toMatchObject({ phase: 'signed_out', token: null, operator: null })
    expect(access.tokenInfo?.loggedIn).toBe(false)
  })
})

describe('changing the PIN', () => {
  beforeEach(create)

  it('needs somebody signed in and the old PIN', async () => {
    await expect(access.changePin(pin('wrong'), pin('new secret'))).rejects.toMatchObject({ triesLeft: 9 })
    expect(lastEvent()?.[2]).toMatchObject({ attempt: 'change of PIN' })
    const given = [pin(), pin('new secret')] as const
    await access.changePin(...given)
    expect(Buffer.concat(given).every((byte) => byte === 0)).toBe(true)
    expect(lastEvent()).toEqual(['PIN_CHANGED', 'Ada', { with: 'PIN' }])
    expect(access.phase).toBe('signed_in')
    await access.lock('operator')
    await expect(access.changePin(pin('new secret'), pin())).rejects.toMatchObject({ code: 'not_signed_in' })
    await access.signIn(pin('new secret'))
  })
})
