"""Multiple imputation by chained equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import count, names, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.results.frames import into_frame
from gofal.typing import IMPUTATION_METHODS, ImputationMethod

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ImputedResult", "impute"]


class ImputedResult(Result):
    """Imputed cells; `complete` puts them into the table. See :func:`impute`."""

    _title: ClassVar[Text] = Text("Imputed values", "Gwerthoedd wedi'u priodoli")
    _about: ClassVar[tuple[str, ...]] = ("n_imputations", "n_iter", "seed")

    def complete(self, table: Any) -> list[Any]:
        """Return the completed tables, one per imputation, in the caller's own kind of frame.

        Parameters
        ----------
        table
            The table that was imputed.

        Raises
        ------
        InputError
            For any other table.
        """
        source = read(table)
        columns = [*self.to_arrow()["term"].to_pylist()]
        cluster = self.provenance.argument("cluster")
        used = [*columns, *([cluster] if cluster else [])]
        held = source.to_arrow()
        lacking = set(used) - set(held.column_names)
        if lacking or self.provenance.data_id != _core.fingerprint(
            source.stream, list(dict.fromkeys(used)), threads()
        ):
            message = "table: not the one that was imputed (its columns or values differ)"
            raise InputError(message, kind="values", column="table", got=sorted(lacking))
        cells = self.to_arrow("imputed").to_pydict()
        m = self.to_arrow("glance")["n_imputations"][0].as_py()
        drawn: list[dict[str, dict[int, Any]]] = [{} for _ in range(m)]
        for k, row, term, number, label in zip(*cells.values(), strict=True):
            value = number if label is None else label
            drawn[k - 1].setdefault(term, {})[row] = value
        return [into_frame(_filled(held, by_term), source.kind) for by_term in drawn]


def impute(
    table: Any,
    columns: str | Sequence[str],
    *,
    m: int = 20,
    n_iter: int = 10,
    method: Mapping[str, ImputationMethod] | None = None,
    cluster: str | None = None,
    donors: int = 5,
    seed: int = DEFAULT_SEED,
) -> ImputedResult:
    """Impute missing values m times by chained equations.

    Each incomplete column is drawn in turn from a model on all the other columns named, ``n_iter``
    times over. Fit the analysis in each completed table and combine the fits by :func:`pool`.

    Parameters
    ----------
    table
        One row per child. A missing value is a null.
    columns
        Every column of the analysis, its outcome too, and others that foretell the missing values.
    m
        Imputations; at least the percentage of incomplete rows is a good number.
    n_iter
        Sweeps over the columns.
    method
        Column → ``"pmm"`` (linear model, value of one of the nearest observed rows; the default of
        numbers), ``"normal"`` (linear model, normal draw), ``"logit"`` (categories; the default
        of text, of true and false, and of 0 and 1); with ``cluster`` also ``"two-level"`` (linear model
        with a random intercept for each cluster), ``"two-level-probit"`` (two values; probit model with
        a random intercept) and ``"cluster-pmm"`` (a number that belongs to the cluster: one value for
        all its rows).
    cluster
        Column of clusters (local authority, family) that the children stand in. Each model then has
        a dummy per cluster, which stands for a random intercept; the two-level methods have the random
        intercept itself: use them where clusters are small, or where some have no value at all.
    donors
        Of ``"pmm"``.
    seed
        Seed; imputation k of a seed is the same for every m and any number of threads.

    Returns
    -------
    ImputedResult
        ``complete(table)``: list of m tables. ``tidy()``: ``term, method, n_obs, n_missing``;
        ``table("imputed")``: every imputed cell; ``table("trace")``: mean of the imputed values by
        imputation and iteration: lines that still drift ask for more iterations.

    Raises
    ------
    InputError
        Fewer than two columns, nothing to impute, a column without observed values, a null cluster.

    Notes
    -----
    Values are taken to be missing at random given the columns named. A column that is missing
    *because* of its own value (disclosed abuse, undetected illness) is not mended by this.

    References
    ----------
    van Buuren and Groothuis-Oudshoorn (2011), Journal of Statistical Software 45(3); Little (1988);
    White, Daniel and Royston (2010); Albert and Chib (1993); Drechsler (2015).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"age": [1, 3, 5, 8, 11, 13, 15, 16], "moves": [1, 1, None, 2, 3, None, 4, 5]}
    >>> imputed = gf.impute(t, ["age", "moves"], m=5, seed=1)
    >>> fits = [gf.lm(c, "moves", "age", vcov="classical") for c in imputed.complete(t)]
    >>> pooled = gf.pool(fits)
    >>> 0 < pooled.statistic(term="age").value < 1
    True
    """
    count("m", m, 2)
    count("n_iter", n_iter, 1)
    count("donors", donors, 1)
    count("seed", seed, 0)
    source = read(table)
    used = names("columns", columns)
    held = source.to_arrow()
    _known(held.column_names, used, method)
    nulls = {name: int(held[name].null_count) for name in used}
    if not any(nulls.values()):
        message = f"columns {used}: no missing values to impute"
        raise InputError(message, kind="values", column="columns", got=used)
    asked = method or {}
    how: list[str] = [asked.get(name) or _method_for(held[name]) for name in used]
    with progress("impute") as callback:
        cells, trace = _core.impute(
            source.stream, used, how, cluster, m, n_iter, donors, seed, threads(), callback
        )
    n = held.num_rows
    missing = sum(nulls.values())
    arguments = {
        "columns": tuple(used), "m": m, "n_iter": n_iter, "method": dict(asked) or None,
        "cluster": cluster, "donors": donors,
    }  # fmt: skip
    return ImputedResult.build(
        tidy={
            "term": used, "method": how, "n_obs": [n - nulls[c] for c in used],
            "n_missing": [nulls[c] for c in used],
        },
        glance={
            "n_imputations": [m], "n_iter": [n_iter], "seed": [seed], "n_obs": [n],
            "n_missing": [missing],
        },
        provenance=provenance_of(
            "impute", source, [*used, *([cluster] if cluster else [])], arguments,
            n_obs=n, n_missing=missing, seed=seed,
        ),
        source=source,
        extra={"imputed": columns_of(cells), "trace": columns_of(trace)},
    )  # fmt: skip


def _known(there: list[str], used: list[str], method: Mapping[str, str] | None) -> None:
    """Refuse columns that the table lacks, and methods for columns that are not imputed."""
    lacking = [name for name in used if name not in there]
    if lacking:
        message = f"no column named {lacking[0]!r}; the table has: {', '.join(there)}"
        raise InputError(message, kind="unknown_column", column=lacking[0])
    for name, word in (method or {}).items():
        one_of("method", word, IMPUTATION_METHODS)
        one_of("method", name, used)


def _method_for(column: pa.ChunkedArray) -> ImputationMethod:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not numeric:
        return "logit"
    values = set(pc.unique(column.drop_null()).to_pylist()) if len(column) else set()
    return "logit" if values <= {0, 1} else "pmm"


def _filled(held: pa.Table, drawn: Mapping[str, Mapping[int, Any]]) -> pa.Table:
    """The table with the drawn values in place; types are kept where the values allow it."""
    import pyarrow as pa

    out = held
    for name, by_row in drawn.items():
        at = out.schema.get_field_index(name)
        kind = out.schema.field(at).type
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        values = out[name].to_pylist()
        for row, value in by_row.items():
            values[row] = _as(plain, value)
        whole = not pa.types.is_integer(plain) or all(float(v).is_integer() for v in values)
        column = pa.array(values, plain if whole else pa.float64())
        if pa.types.is_dictionary(kind):
            column = column.dictionary_encode()
        out = out.set_column(at, name, column)
    return out


def _as(kind: pa.DataType, value: Any) -> Any:
    """A drawn value as Python holds values of that type."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return value == "true"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        number = float(value)
        return int(number) if pa.types.is_integer(kind) and number.is_integer() else number
    if pa.types.is_decimal(kind):
        from decimal import Decimal

        return Decimal(str(value))
    return value
