import { isIPv6 } from 'node:net'

/**
 * Who a connection is counted under: the IPv4 address, or the first 64 bits of an IPv6 address, because one host
 * commonly owns a whole /64 (RFC 6177) and could otherwise be a new source at every attempt.
 */
export function sourceOf(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!isIPv6(address)) return address
  return `${network(address).join(':')}::/64`
}

/** The first four groups of an IPv6 address, without its zone, as RFC 5952 writes them. */
function network(address: string): string[] {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  // A trailing dotted IPv4 part stands for two groups; it can only be in the last 64 bits.
  const written = before.length + after.length + (address.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - written)
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
}

const groups = (text: string): string[] => text.split(':').filter((group) => group !== '')
