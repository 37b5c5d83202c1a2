//! Least squares on explicit dummies with n_g × n_g hat blocks: what the absorbing kernels must reproduce.

use gofal::num::linalg::{PivotedQr, eigen_symmetric};
use gofal::panel::cluster::Kind;
use ndarray::{Array1, Array2, Axis};

use crate::panel::Data;

pub struct Dense {
    pub beta: Vec<f64>,
    pub se: Vec<f64>,
    pub df: Vec<f64>,
    pub df_residual: f64,
}

/// Predictors, then dummies of units and periods, column by column.
pub fn dummies(data: &Data, units: bool, periods: bool) -> Vec<Vec<f64>> {
    let mut x = data.x.clone();
    for (factor, wanted) in [(&data.unit, units), (&data.time, periods)] {
        for level in (0..factor.levels().len()).filter(|_| wanted) {
            x.push(factor.codes().iter().map(|&c| f64::from(u8::from(c as usize == level))).collect());
        }
    }
    x
}

/// The first `p` coefficients with their cluster-robust errors, straight from the definitions.
pub fn dense(y: &[f64], x: &[Vec<f64>], codes: &[u32], n_clusters: usize, kind: Kind, p: usize) -> Dense {
    let n = y.len();
    let all = Array2::from_shape_fn((n, x.len()), |(i, j)| x[j][i]);
    let names: Vec<String> = (0..x.len()).map(|j| j.to_string()).collect();
    let qr = PivotedQr::new(all.view(), &names, 1e-9).expect("design");
    let x = all.select(Axis(1), qr.kept());
    let beta = Array1::from(qr.solve_ls(y).expect("solved"));
    let e = Array1::from(y.to_vec()) - x.dot(&beta);
    let m = qr.xtx_inverse();
    let mut vcov = Array2::<f64>::zeros((p, p));
    // p_g scattered over the rows: Ω = P′(I − H)P.
    let mut parts = vec![Array2::<f64>::zeros((n, n_clusters)); p];
    for g in 0..n_clusters {
        let rows: Vec<usize> = (0..n).filter(|&i| codes[i] as usize == g).collect();
        let xg = x.select(Axis(0), &rows);
        let room = Array2::<f64>::eye(rows.len()) - xg.dot(&m).dot(&xg.t());
        let a = power(&room, kind);
        let eg = e.select(Axis(0), &rows);
        let influence = m.dot(&xg.t().dot(&a.dot(&eg)));
        let pg = a.dot(&xg).dot(&m);
        for j in 0..p {
            for k in 0..p {
                vcov[[j, k]] += influence[j] * influence[k];
            }
            for (r, &i) in rows.iter().enumerate() {
                parts[j][[i, g]] = pg[[r, j]];
            }
        }
    }
    let df = parts.iter().map(|pg| satterthwaite(pg, &x, &m)).collect();
    Dense {
        beta: beta.iter().take(p).copied().collect(),
        se: vcov.diag().iter().map(|v| v.sqrt()).collect(),
        df,
        df_residual: (n - qr.rank()) as f64,
    }
}

fn satterthwaite(pg: &Array2<f64>, x: &Array2<f64>, m: &Array2<f64>) -> f64 {
    let xp = x.t().dot(pg);
    let omega = pg.t().dot(pg) - xp.t().dot(m).dot(&xp);
    omega.diag().sum().powi(2) / omega.iter().map(|v| v * v).sum::<f64>()
}

fn power(room: &Array2<f64>, kind: Kind) -> Array2<f64> {
    let (values, u) = eigen_symmetric(room.view()).expect("eigen");
    let f: Array1<f64> = values
        .iter()
        .map(|&v| match kind {
            Kind::Cr0 | Kind::Cr1 => 1.0,
            _ if v < 1e-9 => 0.0,
            Kind::Cr2 => 1.0 / v.sqrt(),
            Kind::Cr3 => 1.0 / v,
        })
        .collect();
    (&u * &f).dot(&u.t())
}

/// σ²_e and σ²_u of Baltagi and Chang (1994) with the n × n projections written out.
pub fn dense_components(data: &Data) -> [f64; 2] {
    let (n, units) = (data.y.len(), data.unit.levels().len());
    let z =
        Array2::from_shape_fn((n, units), |(i, u)| f64::from(u8::from(data.unit.codes()[i] as usize == u)));
    let sizes = z.sum_axis(Axis(0));
    let p = (&z / &sizes).dot(&z.t());
    let y = Array1::from(data.y.clone());
    let x =
        Array2::from_shape_fn((n, data.x.len() + 1), |(i, j)| if j == 0 { 1.0 } else { data.x[j - 1][i] });
    let rss = |a: &Array2<f64>, b: &Array1<f64>| {
        let names: Vec<String> = (0..a.ncols()).map(|j| j.to_string()).collect();
        let qr = PivotedQr::new(a.view(), &names, 1e-9).expect("design");
        let kept = a.select(Axis(1), qr.kept());
        let e = b - &kept.dot(&Array1::from(qr.solve_ls(&b.to_vec()).expect("solved")));
        (e.dot(&e), qr.rank() as f64, qr.xtx_inverse())
    };
    let q = Array2::<f64>::eye(n) - &p;
    let (within, k_within, _) = rss(&q.dot(&x.slice(ndarray::s![.., 1..])), &q.dot(&y));
    let idiosyncratic = within / ((n - units) as f64 - k_within);
    let (between, k, inverse) = rss(&p.dot(&x), &p.dot(&y));
    let zx = z.t().dot(&x);
    let trace = inverse.dot(&zx.t().dot(&zx)).diag().sum();
    [idiosyncratic, (between - (units as f64 - k) * idiosyncratic) / (n as f64 - trace)]
}
