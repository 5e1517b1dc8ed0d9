/** Certificates of a lab, parsed by Node's X.509 implementation and used on both sides of a TLS connection. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { createAuthority } from '../../../harness/targets/lab/x509.ts'

const authority = await createAuthority('some-authority')
const root = new X509Certificate(authority.certificate)

test('the authority is self-signed', () => {
  expect(root.ca).toBe(true)
  expect(root.verify(root.publicKey)).toBe(true)
  expect(root.subject).toBe('CN=some-authority')
})

test('a server certificate matches its own names and addresses only', async () => {
  const server = new X509Certificate((await authority.server('api', ['localhost', '10.96.0.1'])).certificate)
  expect(server.verify(root.publicKey)).toBe(true)
  expect(server.ca).toBe(false)
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(server.checkHost('localhost')).toBe('localhost')
  expect(server.checkIP('10.96.0.1')).toBe('10.96.0.1')
  expect(server.checkIP('10.96.0.2')).toBeUndefined()
})

test('a client certificate has its groups as organizations', async () => {
  const client = new X509Certificate(
    (await authority.client('someone', ['system:masters', 'others'])).certificate,
  )
  expect(client.subject.split('\n')).toEqual(['O=system:masters', 'O=others', 'CN=someone'])
  expect(Date.parse(client.validTo)).toBeGreaterThan(Date.now() + 300 * 86_400_000)
})

test('an authority of the same name does not verify the certificate', async () => {
  const other = new X509Certificate((await createAuthority('some-authority')).certificate)
  const server = new X509Certificate((await authority.server('api', ['localhost'])).certificate)
  expect(server.verify(other.publicKey)).toBe(false)
})

test('both sides of a TLS connection accept the certificates', async ({ onTestFinished }) => {
  const api = await authority.server('api', ['localhost'])
  const admin = await authority.client('admin', ['system:masters'])
  const ca = authority.certificate
  const server = createServer({
    cert: api.certificate,
    key: api.key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'secureConnection')
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    cert: admin.certificate,
    key: admin.key,
  })
  const [peer] = (await accepted) as [TLSSocket]
  expect(peer.authorized).toBe(true)
  expect(peer.getPeerCertificate().subject).toMatchObject({ O: 'system:masters', CN: 'admin' })
  socket.destroy()
  peer.destroy()
})
