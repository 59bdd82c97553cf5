import { describe, expect, test } from 'vitest'
import { platformRandom } from '#core/crypto/random.ts'
import { BrowserSessions } from '../../../electron/web/session-cookie.ts'

const pair = (setCookie: string | null): string => setCookie?.split(';', 1)[0] ?? 'none'

describe('browser sessions', () => {
  test('a one-use address is exchanged once', () => {
    const sessions = new BrowserSessions(platformRandom, 4000)
    const token = sessions.invite()
    expect(sessions.redeem(token)).toMatch(/^groundlock-4000=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(sessions.redeem(token)).toBeNull()
  })

  test('a newer address ends the one before it', () => {
    const sessions = new BrowserSessions(platformRandom, 4000)
    const first = sessions.invite()
    const second = sessions.invite()
    expect(sessions.redeem(first)).toBeNull()
    expect(sessions.redeem(second)).not.toBeNull()
  })

  test.each(['', 'x', 'x'.repeat(43), 'undefined'])('%j is no address', (token) => {
    const sessions = new BrowserSessions(platformRandom, 4000)
    expect(sessions.redeem(token)).toBeNull()
    sessions.invite()
    expect(sessions.redeem(token)).toBeNull()
  })

  test('admits the cookie it gave, also among others, and no other', () => {
    const sessions = new BrowserSessions(platformRandom, 4000)
    const cookie = pair(sessions.redeem(sessions.invite()))
    expect(sessions.admits(cookie)).toBe(true)
    expect(sessions.admits(`a=b; ${cookie}; c=d`)).toBe(true)
    expect(sessions.admits(`groundlock-4000=stale; ${cookie}`)).toBe(true)
    expect(sessions.admits(cookie.replace('4000', '4001'))).toBe(false)
    expect(sessions.admits(`${cookie}x`)).toBe(false)
    expect(sessions.admits(cookie.slice(0, -1))).toBe(false)
    for (const header of [undefined, '', 'groundlock-4000', 'groundlock-4000=', ';;;=']) {
      expect(sessions.admits(header)).toBe(false)
    }
  })

  test('two hosts on one machine do not admit each other’s browsers', () => {
    const one = new BrowserSessions(platformRandom, 4000)
    const other = new BrowserSessions(platformRandom, 4000)
    expect(other.admits(pair(one.redeem(one.invite())))).toBe(false)
  })

  test('remembers the eight newest browsers', () => {
    const sessions = new BrowserSessions(platformRandom, 4000)
    const cookies = Array.from({ length: 9 }, () => pair(sessions.redeem(sessions.invite())))
    expect(cookies.map((cookie) => sessions.admits(cookie))).toEqual([false, ...Array<boolean>(8).fill(true)])
  })
})
