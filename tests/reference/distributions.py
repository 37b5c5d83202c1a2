"""Regenerates distributions.csv: tails of the distributions by power series in 40-digit arithmetic.

Run: python tests/reference/distributions.py > tests/reference/distributions.csv   (needs mpmath)

The series (DLMF 8.17.22's hypergeometric form, 8.11.4) share no code and no formula with the crate's
continued fractions. Arguments are printed with repr, so they are the same binary64 numbers in Rust.
"""

import sys

from mpmath import erfc, exp, log, loggamma, mp, mpf, sqrt

mp.dps = 40


def series(ratio):
    """1 + r(1) + r(1) r(2) + … until nothing changes."""
    term, total, k = mpf(1), mpf(1), 0
    while term > total * mpf(10) ** (-mp.dps):
        k += 1
        term *= ratio(k)
        total += term
    return total


def ln_beta_lower(x, y, a, b):
    """ln I_x(a, b) for x at or below the mean."""
    total = series(lambda k: (a + b + k - 1) / (a + k) * x)
    return (
        a * log(x)
        + b * log(y)
        - log(a)
        - (loggamma(a) + loggamma(b) - loggamma(a + b))
        + log(total)
    )


def ln_beta(x, a, b):
    """(ln lower, ln upper)."""
    y = 1 - x
    if x <= a / (a + b):
        low = ln_beta_lower(x, y, a, b)
        return low, log(1 - exp(low))
    up = ln_beta_lower(y, x, b, a)
    return log(1 - exp(up)), up


def ln_gamma(x, a):
    """(ln P, ln Q); Q by subtraction, so with digits to spare."""
    mp.dps = 40 + int(max(0, 0.87 * (x - a * log(max(x / a, 1)) - a))) if x > a else 40
    low = series(lambda k: x / (a + k))
    ln_p = a * log(x) - x - loggamma(a + 1) + log(low)
    ln_q = log(1 - exp(ln_p))
    mp.dps = 40
    return ln_p, ln_q


def row(name, x, params, tails):
    cells = [name, repr(float(x)), *(repr(float(p)) for p in params)]
    cells += [""] * (5 - len(cells))
    print(",".join([*cells, mp.nstr(tails[0], 20), mp.nstr(tails[1], 20)]))


def main():
    print("dist,x,p1,p2,p3,ln_cdf,ln_sf")
    for z in (0.0, 0.1, 0.5, 1.0, 1.96, 3.0, 4.9, 5.1, 8.3, 20.0, 37.0, -0.3, -2.5, -6.0, -30.0):
        up = log(erfc(mpf(z) / sqrt(mpf(2))) / 2)
        low = log(erfc(-mpf(z) / sqrt(mpf(2))) / 2)
        row("normal", z, (), (low, up))
    for df in (0.5, 1.0, 2.0, 3.5, 10.0, 20.0, 100.0, 1e4):
        for t in (1e-6, 0.3, 1.0, 2.1, 5.0, 12.0, 40.0, 1e4):
            d, s = mpf(df), mpf(t)
            x = d / (d + s * s)
            if log(x) * d / 2 < -690:
                continue
            ln_two = ln_beta(x, d / 2, mpf(1) / 2)[0]
            row("t", t, (df,), (log(1 - exp(ln_two) / 2), ln_two - log(mpf(2))))
    for df in (0.5, 1.0, 2.0, 5.0, 21.0, 300.0, 1e4):
        for r in (1e-8, 0.01, 0.3, 0.9, 0.999, 1.0, 1.001, 1.2, 2.0, 4.0, 30.0):
            a, x = mpf(df) / 2, mpf(float(df * r)) / 2
            crude = a * log(x / a) - x + a
            if crude < -690:
                continue
            row("chi2", df * r, (df,), ln_gamma(x, a))
    for a in (0.5, 1.0, 2.0, 7.5, 60.0, 2e3):
        for b in (0.5, 1.0, 3.0, 40.0, 1e3):
            for s in (1e-9, 0.02, 0.5, 0.98, 1.0, 1.03, 1.6):
                x = a / (a + b) * s
                if not 0 < x < 1:
                    continue
                big_a, big_b, at = mpf(a), mpf(b), mpf(x)
                crude = big_a * log(at * (big_a + big_b) / big_a)
                crude += big_b * log((1 - at) * (big_a + big_b) / big_b)
                if crude < -690:
                    continue
                row("beta", x, (a, b), ln_beta(at, big_a, big_b))


if __name__ == "__main__":
    sys.exit(main())
