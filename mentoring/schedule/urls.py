from django.urls import path

from mentoring.schedule import views
from mentoring.schedule import views_away as away
from mentoring.schedule import views_calendars as calendars
from mentoring.schedule import views_links as links
from mentoring.schedule import views_series as series
from mentoring.schedule import views_sessions as sessions

app_name = "schedule"
urlpatterns = [
    path("week/", views.week, name="week"),
    path("calendar/", views.calendar, name="calendar"),
    path("sessions/<uuid:pk>/", sessions.session_detail, name="session-detail"),
    path("sessions/<uuid:pk>/move/", sessions.session_move, name="session-move"),
    path("sessions/<uuid:pk>/move/times/", sessions.session_times, name="session-times"),
    path("sessions/<uuid:pk>/move/accept/", sessions.session_move_accept, name="session-move-accept"),
    path("sessions/<uuid:pk>/move/decline/", sessions.session_move_decline, name="session-move-decline"),
    path("sessions/<uuid:pk>/move/withdraw/", sessions.session_move_withdraw, name="session-move-withdraw"),
    path("sessions/<uuid:pk>/skip/", sessions.session_skip, name="session-skip"),
    path("sessions/<uuid:pk>/mark/", sessions.session_mark, name="session-mark"),
    path("sessions/<uuid:pk>/link/", links.session_link, name="session-link"),
    path("series/<uuid:pk>/link/", links.series_link, name="series-link"),
    path("calendar/feed/", calendars.feed, name="feed"),
    path("calendar/feed/make/", calendars.feed_make, name="feed-make"),
    path("calendar/feed/stop/", calendars.feed_stop, name="feed-stop"),
    path("calendar/busy/", calendars.busy, name="busy"),
    path("calendar/busy/again/", calendars.busy_again, name="busy-again"),
    path("calendar/busy/stop/", calendars.busy_stop, name="busy-stop"),
    path("feeds/<str:token>.ics", calendars.feed_read, name="feed-read"),
    path("series/<uuid:pk>/change/", series.series_change, name="series-change"),
    path("series/<uuid:pk>/change/times/", series.series_change_times, name="series-change-times"),
    path("changes/<uuid:pk>/", series.change_detail, name="change-detail"),
    path("changes/<uuid:pk>/accept/", series.change_accept, name="change-accept"),
    path("changes/<uuid:pk>/decline/", series.change_decline, name="change-decline"),
    path("changes/<uuid:pk>/withdraw/", series.change_withdraw, name="change-withdraw"),
    path("time-away/", away.time_away_list, name="time-away-list"),
    path("time-away/new/", away.time_away_new, name="time-away-new"),
    path("time-away/<uuid:pk>/remove/", away.time_away_remove, name="time-away-remove"),
]
