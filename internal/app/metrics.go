package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"yiji/internal/db"
	"yiji/internal/outbox"
)

// metrics are the few figures an operator watches. What lies in the database is
// read when somebody asks, so an idle process counts nothing.
type metrics struct {
	app      *App
	registry *prometheus.Registry
	ticks    *prometheus.HistogramVec
	failures *prometheus.CounterVec

	suspicious prometheus.Counter

	lag, parked, deliveries, late *prometheus.Desc
	commits, updates              *prometheus.Desc
	watchers, frames, dropped     *prometheus.Desc
}

func newMetrics(a *App) *metrics {
	m := &metrics{
		app: a, registry: prometheus.NewRegistry(),
		ticks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "yiji_tick_seconds", Help: "Time one tick of the alarm clock took.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
		}, []string{"job"}),
		failures:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yiji_tick_failures_total", Help: "Ticks that failed."}, []string{"job"}),
		suspicious: prometheus.NewCounter(prometheus.CounterOpts{Name: "yiji_suspicious_issues_total", Help: "Times very many numbers of one line went to one place."}),

		lag:        prometheus.NewDesc("yiji_events_behind", "Events a consumer has not applied yet.", []string{"consumer"}, nil),
		parked:     prometheus.NewDesc("yiji_events_parked", "Events a consumer could not apply.", []string{"consumer"}, nil),
		deliveries: prometheus.NewDesc("yiji_deliveries", "Messages by state.", []string{"state"}, nil),
		late:       prometheus.NewDesc("yiji_late_transitions", "Transitions of market days recorded more than a minute late.", nil, nil),
		commits:    prometheus.NewDesc("yiji_commits_total", "Commits since start.", nil, nil),
		updates:    prometheus.NewDesc("yiji_updates_total", "Changes since start; several share a commit.", nil, nil),
		watchers:   prometheus.NewDesc("yiji_live_watchers", "Pages that follow a market day now.", nil, nil),
		frames:     prometheus.NewDesc("yiji_live_frames_total", "States of lines and days made for them; each is shared by all.", nil, nil),
		dropped:    prometheus.NewDesc("yiji_live_dropped_total", "Pages let go: slow, took no bytes; full, were too many.", []string{"why"}, nil),
	}
	m.registry.MustRegister(m, m.ticks, m.failures, m.suspicious, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 10 * time.Second, ErrorHandling: promhttp.HTTPErrorOnError})
}

func (m *metrics) tick(name string, took time.Duration, err error) {
	m.ticks.WithLabelValues(name).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(name).Inc()
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.lag, m.parked, m.deliveries, m.late, m.commits, m.updates, m.watchers, m.frames, m.dropped} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stats := m.app.DB.Stats()
	out <- prometheus.MustNewConstMetric(m.commits, prometheus.CounterValue, float64(stats.Commits))
	out <- prometheus.MustNewConstMetric(m.updates, prometheus.CounterValue, float64(stats.Updates))
	pages := m.app.live.Stats()
	gauge(m.watchers, float64(pages.Watchers))
	out <- prometheus.MustNewConstMetric(m.frames, prometheus.CounterValue, float64(pages.Frames))
	out <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(pages.Dropped), "slow")
	out <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(pages.Refused), "full")
	var lags []outbox.Lag
	err := m.app.DB.View(ctx, func(tx *db.Tx) (err error) {
		lags, err = outbox.Lags(tx)
		return err
	})
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.lag, err)
		return
	}
	for _, l := range lags {
		gauge(m.lag, float64(l.Events), l.Consumer)
		gauge(m.parked, float64(l.Parked), l.Consumer)
	}
	counts, err := m.app.Notify.Counts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.deliveries, err)
		return
	}
	for state, n := range counts {
		gauge(m.deliveries, float64(n), string(state))
	}
	late, err := m.app.Scheduler.LateTransitions(ctx, time.Minute)
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.late, err)
		return
	}
	gauge(m.late, float64(late))
}
