/** A round: the measurement of every arm of a comparison, once each, by the arm's name. */
import { ARM_NAMES, type ArmName } from '../sku/sku.ts'
import type { ArmRound } from './arm-round.ts'

export type Round = { readonly index: number } & Readonly<Partial<Record<ArmName, ArmRound>>>

/** Throws TypeError when the comparison has no arm of that name. */
export function armOf<Kind>(round: Readonly<Partial<Record<ArmName, Kind>>>, name: ArmName): Kind {
  const arm = round[name]
  if (arm === undefined) throw new TypeError(`the round has no arm ${name}`)
  return arm
}

export const armsOf = <Kind>(round: Readonly<Partial<Record<ArmName, Kind>>>): readonly Kind[] =>
  ARM_NAMES.flatMap((name) => round[name] ?? [])
