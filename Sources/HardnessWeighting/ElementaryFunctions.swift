// The one import of this library: C's exponential and logarithm.
#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// e^x. Named, so that no other file needs an import.
func exponential(_ x: Double) -> Double { exp(x) }

/// One standard normal number from two uniform ones in [0, 1) (Box and Muller, 1958).
func normal(_ first: Double, _ second: Double) -> Double {
  (-2 * log(1 - first)).squareRoot() * cos(2 * Double.pi * second)
}

/// x^y.
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
