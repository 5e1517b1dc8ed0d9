/** All checks of a certificate that need no samples. A run whose certificate would fail one of them issues none. */
import type { CertificateBody, CertifiedExpectation } from './certificate.ts'
import { limitDifferences } from './profile-limits.ts'
import { faultsOfRun } from './run-faults.ts'
import { daysOf, faultsOfTest } from './test-faults.ts'
import { planIn, type RecordedPlan } from './recorded-plan.ts'

/** Sentences that name the test or expectation, empty when the certificate is consistent. */
export function faultsOfCertificate(body: CertificateBody): readonly string[] {
  const days = daysOf(body)
  return [
    ...body.tests.flatMap((test) => {
      const name = `"${[...test.suite, test.name].join(' > ')}"`
      return [
        ...faultsOfTest(test, days).map((fault) => `${name}: ${fault}`),
        ...test.expectations.flatMap((one) =>
          limitFaults(body, test.file, one).map((fault) => `${name}: ${fault}`),
        ),
      ]
    }),
    ...faultsOfRun(body),
  ]
}

/** The limits of an expectation that are not those of the SKU profile. */
export const limitFaults = (
  body: CertificateBody,
  file: string,
  { basis }: CertifiedExpectation,
): readonly string[] => limitDifferences(basis, planOf(body, file, basis.on), body.sku.profile)

export function planOf({ evidence }: CertificateBody, file: string, name: string): RecordedPlan | undefined {
  const one = evidence[file]?.[name]
  return one?.kind === 'rounds' ? planIn(one) : undefined
}
