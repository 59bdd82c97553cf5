/** The token judges a PIN; these rules only say early what it would refuse. */

export const pinHint = '6 to 64 characters.'
export const soPinHint =
  '8 to 64 characters, not the PIN. Keep it apart from the PIN: it sets a new PIN when the token is locked.'

function lengthProblem(value: string, shortest: number): string {
  if (value === '') return ''
  if (value.length < shortest) return `At least ${shortest} characters; this has ${value.length}.`
  return value.length > 64 ? `At most 64 characters; this has ${value.length}.` : ''
}

/** What is wrong with a PIN; empty when nothing is, or nothing was typed yet. */
export function pinProblem(pin: string): string {
  return lengthProblem(pin, 6)
}

/** What is wrong with an SO-PIN beside the PIN. */
export function soPinProblem(soPin: string, pin: string): string {
  if (soPin !== '' && soPin === pin) return 'The SO-PIN must differ from the PIN.'
  return lengthProblem(soPin, 8)
}

/** What is wrong with the second typing, once it is as long as the first. */
export function differentFrom(first: string, second: string): string {
  return second !== '' && second.length >= first.length && second !== first ? 'The two do not match.' : ''
}
