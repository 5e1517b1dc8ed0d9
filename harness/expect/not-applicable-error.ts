/** Thrown by a judgement whose subject does not exist on this target: the test is skipped with the message as its reason. */
export class NotApplicableError extends Error {}
