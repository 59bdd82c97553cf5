import { isUtf8 } from 'node:buffer'
import { equalInConstantTime } from '../crypto/digest.ts'
import { PinError } from '../errors.ts'

const shortest = { PIN: 6, 'SO-PIN': 8 } as const
const longest = 64

export type PinKind = keyof typeof shortest

/**
 * The rules for a new PIN: 6 to 64 characters (SO-PIN: 8 to 64), nothing that a keyboard cannot type. The bytes are
 * looked at as they are; a string of them could not be erased.
 * @throws PinError `pin_unsuitable`
 */
export function requireSuitable(kind: PinKind, pin: Uint8Array): void {
  const characters = pin.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0)
  if (characters < shortest[kind] || characters > longest) {
    throw unsuitable(
      `${article(kind)} ${kind} has ${shortest[kind]} to ${longest} characters; this one has ${characters}.`,
    )
  }
  if (!isUtf8(pin) || pin.some((byte) => byte < 0x20 || byte === 0x7f)) {
    throw unsuitable(`${article(kind)} ${kind} consists of characters that can be typed.`)
  }
}

/** @throws PinError `pin_unsuitable` where PIN and SO-PIN are the same. */
export function requireDifferent(pin: Uint8Array, soPin: Uint8Array): void {
  if (equalInConstantTime(pin, soPin)) throw sameAsSoPin()
}

export const sameAsSoPin = (): PinError =>
  unsuitable('PIN and SO-PIN are the same. Choose different ones: the SO-PIN is for when the PIN is lost.')

const unsuitable = (message: string): PinError => new PinError('pin_unsuitable', message, null)

/** Says what a wrong PIN or SO-PIN means, given the tries that are left now. */
export function wrongPin(kind: PinKind, triesLeft: number): PinError {
  if (triesLeft === 0) return lockedPin(kind)
  const left = triesLeft === 1 ? '1 try is' : `${triesLeft} tries are`
  return new PinError(
    'pin_incorrect',
    `The ${kind} is wrong. ${left} left before the token locks.`,
    triesLeft,
  )
}

export function lockedPin(kind: PinKind): PinError {
  const message =
    kind === 'PIN'
      ? 'The token is locked after too many wrong PINs. Unblock it with the SO-PIN.'
      : 'The SO-PIN is locked for good after too many wrong ones. Restore the vault file from a backup, or create a new token.'
  return new PinError('pin_locked', message, 0)
}

const article = (kind: PinKind): string => (kind === 'PIN' ? 'A' : 'An')
