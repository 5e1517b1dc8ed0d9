/**
 * Signed envelopes in the JSON form of DSSE, the Dead Simple Signing Envelope, version 1
 * (https://github.com/secure-systems-lab/dsse), signed with Ed25519.
 */
import { sign, verify } from 'node:crypto'
import { z } from 'zod'
import type { Key } from './signing-key.ts'

/** Fields that are not known are ignored. */
export const envelopeSchema = z.looseObject({
  payloadType: z.string(),
  payload: z.string().min(1).describe('base64 or base64url'),
  signatures: z
    .array(z.looseObject({ keyid: z.string().exactOptional(), sig: z.string() }))
    .min(1)
    .max(100),
})

export type Envelope = z.infer<typeof envelopeSchema>

export function signEnvelope(payloadType: string, payload: Buffer, { key, id }: Key): Envelope {
  const sig = sign(null, preAuthenticationEncoding(payloadType, payload), key).toString('base64')
  return { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: id, sig }] }
}

/** Node's decoder accepts base64 and base64url. */
export const payloadOf = ({ payload }: Envelope): Buffer => Buffer.from(payload, 'base64')

/** Whether one of the signatures is by this key. The key ids are hints of the signer and decide nothing. */
export function isSignedBy({ key }: Key, envelope: Envelope): boolean {
  const message = preAuthenticationEncoding(envelope.payloadType, payloadOf(envelope))
  return envelope.signatures.some(({ sig }) => verify(null, message, key, Buffer.from(sig, 'base64')))
}

/** PAE: both parts with their lengths in bytes, so that no two pairs have the same encoding. */
export function preAuthenticationEncoding(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType, 'utf8')
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ])
}
