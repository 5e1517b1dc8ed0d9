/** In each worker: Ctrl-C reaches the whole process group, and a worker must live on to release what its tests hold. */
process.on('SIGINT', () => undefined)
