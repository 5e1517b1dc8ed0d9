/** The names of the images that pods run where no other is set. The Dockerfile's label says the same. */

/** `native/transfer/Dockerfile` makes it; it has to be pushed to where the nodes pull from. */
export const IMAGE = 'claimcheck.dev/transfer:0.1.0'

/** What the binary is sent into: any glibc image with sh, head, sha256sum, tar and gzip would do. */
export const STREAM_IMAGE = 'debian:stable-slim'
