/** The scheme and host the screen is served under. A scheme of our own, because `file:` pages may read files. */
export const pageScheme = 'app'
export const pageHost = 'groundlock'
export const pageAddress = `${pageScheme}://${pageHost}/`

/** True for an address of the screen itself: parsed, not compared by prefix. Empty and `about:blank` are not. */
export function isConsolePage(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, host, username, password } = new URL(address)
  return protocol === `${pageScheme}:` && host === pageHost && username === '' && password === ''
}
