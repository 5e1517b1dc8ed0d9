/** Retries a test only when a run in it ended TOO_NOISY, as happens on a busy machine. The assertion must carry the run's output. */
export const retryWhenNoisy = (count: number) => ({ retry: { count, condition: /TOO_NOISY/ } })
