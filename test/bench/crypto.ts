import { aeadCases } from './crypto-aead.ts'
import { agreementCases } from './crypto-agreement.ts'
import { derivationCases, macCases } from './crypto-mac.ts'
import { signatureCases } from './crypto-signature.ts'
import { compare } from './measure.ts'
import { OpensslSpeed } from './openssl-speed.ts'
import { compared, type Report, withOpenssl } from './report.ts'

/**
 * The engine's public functions, algorithm by algorithm, against the bare call of the library behind each and against
 * `openssl speed` on the same machine.
 */
export async function benchCrypto(report: Report): Promise<void> {
  const openssl = OpensslSpeed.find()
  if (openssl === null) process.stderr.write('openssl is not installed: no figures of openssl speed.\n')
  const cases = [
    ...aeadCases(),
    ...macCases(),
    ...derivationCases(),
    ...(await signatureCases()),
    ...(await agreementCases()),
  ]
  for (const { part, what, against, ours, bare, rounds, speed } of cases) {
    const line = compared(part, what, against, 'operations a CPU second', await compare(ours, bare, rounds))
    const rate = speed === undefined ? null : (openssl?.rate(speed) ?? null)
    report(withOpenssl(line, rate, openssl?.version ?? null))
  }
}
