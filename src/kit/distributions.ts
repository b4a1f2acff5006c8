/**
 * Samples in milliseconds by inversion: one uniform `u` in [0, 1) gives one sample, and a larger `u` never a smaller one.
 * Every result is finite, not negative and at most an hour (E-10).
 */
export const SAMPLE_MAX_MS = 3_600_000

export function uniform(u: number, min: number, max: number): number {
  return capped(min + u * (max - min))
}

/** Pareto: P(X > x) = (scale / x)^shape for x ≥ scale. */
export function pareto(u: number, scale: number, shape: number): number {
  return capped(scale * (1 - u) ** (-1 / shape))
}

export function exponential(u: number, mean: number): number {
  return capped(-mean * Math.log1p(-u))
}

/** Lognormal with the mean and standard deviation of the result, not of its logarithm. */
export function lognormal(u: number, mean: number, stddev: number): number {
  if (!(stddev > 0) || !(mean > 0)) return capped(mean)
  const variance = Math.log1p((stddev / mean) ** 2)
  return capped(Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * normalQuantile(u)))
}

/** Normal, given that the result is not negative: what drawing again until it fits would give, in one draw. */
export function truncatedNormal(u: number, mean: number, stddev: number): number {
  if (!(stddev > 0)) return capped(mean)
  // Counted from the upper tail, where precision lasts when nearly everything is cut off.
  return capped(mean - stddev * normalQuantile(normalCdf(mean / stddev) * (1 - u)))
}

function capped(ms: number): number {
  return ms >= SAMPLE_MAX_MS ? SAMPLE_MAX_MS : ms > 0 ? ms : 0
}

/** Beyond this the standard normal CDF is 1 in double precision. */
const CDF_ONE = 8.3

/** P(X ≤ x) for a standard normal X, to about 1e-15: its Taylor series in odd powers, and Mills' ratio far below. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN
  if (x > CDF_ONE) return 1
  if (x < -3) return lowerTail(-x)
  let sum = x
  let term = x
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd
    sum += term
  }
  return 0.5 + sum * density(x)
}

/** Laplace's continued fraction for Mills' ratio, from the inside out. */
function lowerTail(x: number): number {
  if (x > 38) return 0
  let fraction = x
  for (let step = 60; step >= 1; step -= 1) fraction = x + step / fraction
  return density(x) / fraction
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
}

type Coefficients = readonly [number, number, number, number, number, number, number, number]

/** Wichura, algorithm AS 241 (PPND16): one ratio of polynomials each for the middle, the tails and the far tails. */
const MIDDLE: readonly [Coefficients, Coefficients] = [
  [
    3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  [
    1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
    21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
  ],
]
const TAIL: readonly [Coefficients, Coefficients] = [
  [
    1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
    1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
  ],
  [
    1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
  ],
]
const FAR_TAIL: readonly [Coefficients, Coefficients] = [
  [
    6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  [
    1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
  ],
]

/** The x below which a standard normal variable falls with probability `u`, to about 1e-15 of it; ±Infinity at 1 and 0. */
export function normalQuantile(u: number): number {
  const centred = u - 0.5
  if (Math.abs(centred) <= 0.425) return centred * ratio(MIDDLE, 0.180625 - centred * centred)
  const tail = centred < 0 ? u : 1 - u
  if (!(tail > 0)) return centred < 0 ? -Infinity : Infinity
  const r = Math.sqrt(-Math.log(tail))
  const size = r <= 5 ? ratio(TAIL, r - 1.6) : ratio(FAR_TAIL, r - 5)
  return centred < 0 ? -size : size
}

function ratio([above, below]: readonly [Coefficients, Coefficients], x: number): number {
  return polynomial(above, x) / polynomial(below, x)
}

function polynomial(c: Coefficients, x: number): number {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]
}
