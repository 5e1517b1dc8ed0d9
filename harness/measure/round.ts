/** A round: every arm of a comparison once. Takes arms by name; gives one of them, or all that were measured. */
import { ARM_NAMES, type ArmName } from '../sku/sku.ts'
import type { ArmRound } from './arm-round.ts'

export type Round = { readonly index: number } & Readonly<Partial<Record<ArmName, ArmRound>>>

/** Throws TypeError for an arm that the comparison does not have. */
export function armOf<Kind>(round: Readonly<Partial<Record<ArmName, Kind>>>, name: ArmName): Kind {
  const arm = round[name]
  if (arm === undefined) throw new TypeError(`a round without arm ${name}`)
  return arm
}

export const armsOf = <Kind>(round: Readonly<Partial<Record<ArmName, Kind>>>): readonly Kind[] =>
  ARM_NAMES.flatMap((name) => round[name] ?? [])
